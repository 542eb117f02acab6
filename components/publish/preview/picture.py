"""The picture itself: a template, filled in and drawn by Typst."""

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import typst

from components.publish.preview.faces import face
from components.publish.preview.fonts import drawable, families, fonts
from components.publish.preview.label import labelled
from components.publish.preview.letters import (
    breakable,
    isolated,
    on_one_line,
    runs_to_the_left,
)
from components.text.graphemes import graphemes

TEMPLATE = Path(__file__).parent / "preview.typ"
MOST_FACES = 3
LONGEST_POST = 1_000
"""Graphemes, of which the smallest letters show about a third."""
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)


class Preview(NamedTuple):
    """What stands on the picture."""

    title: str
    """The authors' names."""
    handles: str
    model: str
    """`persona@version`."""
    quote: str | None
    """What the model wrote; None where no post of its may be shown."""
    pictures: Sequence[Path]
    language: str
    """Of the posts, as an ISO 639 code: it tells how Han characters look."""

    @property
    def alt(self) -> str:
        """The picture in words."""
        said = f"“{self.quote}” " if self.quote else ""
        return f"{said}In the style of {self.title}, written by a machine: nobody said this."


def draw_preview(preview: Preview) -> bytes:
    """The picture as a PNG of 1200 × 630 pixels: equal facts, equal bytes."""
    faces = [data for path in preview.pictures if (data := face(path))][:MOST_FACES]
    with tempfile.TemporaryDirectory() as root:
        template = shutil.copy(TEMPLATE, root)
        for number, data in enumerate(faces):
            (Path(root) / f"face-{number}.png").write_bytes(data)
        png = typst.compile(
            template,
            format="png",
            ppi=72.0,
            font_paths=fonts(),
            ignore_system_fonts=True,
            sys_inputs={"preview": json.dumps(_facts(preview, len(faces)))},
        )
    return labelled(png, on_one_line(preview.title), on_one_line(preview.alt))


def _facts(preview: Preview, faces: int) -> dict[str, object]:
    title = drawable(on_one_line(preview.title))
    quote = preview.quote or f"A small language model that writes like {preview.title}."
    lines = "".join(graphemes(drawable(quote))[:LONGEST_POST]).split("\n")
    language = preview.language if _LANGUAGE.fullmatch(preview.language) else "en"
    return {
        "title": title,
        "initial": next(iter(graphemes(title)), "?").upper(),
        "handles": drawable(on_one_line(preview.handles)),
        "model": preview.model,
        "faces": [f"face-{number}.png" for number in range(faces)],
        "quote": breakable("\n".join(isolated(line) for line in lines)),
        "is_quote": preview.quote is not None,
        "to_the_left": [runs_to_the_left(line) for line in lines],
        "language": language,
        "fonts": families(language),
    }
