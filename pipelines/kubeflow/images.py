"""From `build/images.json` to the image of each step."""

import logging
from collections.abc import Mapping
from pathlib import Path

from components.contracts.errors import BadInputError
from components.contracts.images import IMAGE_OF, Image, Images

log = logging.getLogger(__name__)


def step_images(file: Path, *, allow_tags: bool, require_digests: bool) -> Mapping[str, str]:
    """The image of each stage, by the stage's name.

    Args:
        file: what `make images` wrote, or a file like it.
        allow_tags: name every image by its tag, as those loaded into the nodes are.
        require_digests: refuse images without a digest; else the tag stands in for it.

    Raises:
        BadInputError: the file is none, or lacks an image or a digest that is needed.
    """
    images = Images.read(file).images
    missing = sorted(set(IMAGE_OF.values()) - images.keys())
    if missing:
        raise BadInputError(f"{file} names no image {missing[0]!r}; run `make images`")
    if not allow_tags:
        _check_digests(file, images, require_digests)
    return {stage: _named(images[target], by_tag=allow_tags) for stage, target in IMAGE_OF.items()}


def _check_digests(file: Path, images: Mapping[str, Image], require: bool) -> None:
    for target in sorted(set(IMAGE_OF.values())):
        if images[target].digest is None:
            said = f"{images[target].by_tag()} has no digest in {file}"
            if require:
                raise BadInputError(
                    f"{said}: push it and state its digest, or give --allow-tags to run whatever "
                    "bears the tag"
                )
            log.warning("%s: whatever bears the tag will run, and cached steps may be stale", said)


def _named(image: Image, *, by_tag: bool) -> str:
    return image.by_tag() if by_tag or image.digest is None else image.by_digest()
