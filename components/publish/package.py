"""The files of a version: the model, its card, its figures; never a post of its authors."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from components.contracts import artifacts
from components.contracts.errors import BadInputError
from components.lm.portable import make_portable
from components.publish.card import UNKNOWN_LICENSE, CardFacts, render_card
from components.publish.inputs import Story
from components.publish.preview import preview_of
from components.text.spans import BEGINNINGS, SPANS, Beginnings, SpanFilter

ROOM = Path(__file__).parent
DRAWING = "pipeline.svg"


def fill_version(
    folder: Path,
    story: Story,
    facts: CardFacts,
    model: Path,
    pictures: Sequence[Path],
    spans: SpanFilter,
    beginnings: Beginnings,
) -> None:
    """Fill `folder` with the files of one version; `spans` tells a server what it must not repeat.

    Raises:
        BadInputError: `model` holds no safetensors.
    """
    if not any(model.glob("*.safetensors")):
        raise BadInputError(f"{model} holds no *.safetensors, so there is no model to publish")
    for pattern in artifacts.MODEL_FILES:
        for file in model.glob(pattern):
            shutil.copyfile(file, folder / file.name)
    make_portable(folder)
    names = [f"picture-{number}{path.suffix}" for number, path in enumerate(pictures, 1)]
    for name, picture in zip(names, pictures, strict=True):
        shutil.copyfile(picture, folder / name)
    shutil.copyfile(ROOM / DRAWING, folder / DRAWING)
    story.evaluated.write(folder / artifacts.EVALUATION_REPORT)
    shutil.copyfile(story.public_page, folder / artifacts.PUBLIC_PAGE)
    (folder / artifacts.PREVIEW).write_bytes(preview_of(story, facts, pictures))
    spans.write(folder / SPANS)
    beginnings.write(folder / BEGINNINGS)
    if facts.gguf:
        from components.publish.gguf.write import write_gguf  # torch takes a second to import

        target, spdx = folder / facts.gguf_file, facts.license or UNKNOWN_LICENSE
        write_gguf(folder, target, facts.gguf, name=facts.persona, spdx=spdx)
    card = render_card(story, facts, names)
    (folder / artifacts.MODEL_CARD).write_text(card, encoding="utf-8")
