"""Authors' pictures, made small and harmless: whatever is wrong with one, it is only left out."""

import io
import logging
from pathlib import Path

from PIL import Image, ImageOps

log = logging.getLogger(__name__)

SIDE = 320
"""Pixels."""
MOST_PIXELS = 40_000_000
"""Unpacked, a larger one takes more memory than a picture of an author is worth."""
KINDS = ("PNG", "JPEG", "GIF", "WEBP")
PAPER = (255, 255, 255)


def face(picture: Path) -> bytes | None:
    """The middle of a picture as a square PNG, upright; the first frame of one that moves.

    None, with a warning, for one that cannot be read or that is larger than `MOST_PIXELS`.
    """
    try:
        with Image.open(picture, formats=KINDS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"it has {image.width} × {image.height} pixels")
            image.draft("RGB", (SIDE, SIDE))  # a JPEG need not be unpacked in full
            upright = _in_8_bits(ImageOps.exif_transpose(image)).convert("RGBA")
            square = ImageOps.fit(upright, (SIDE, SIDE))
    except Exception as error:  # a damaged file breaks a decoder in many ways
        log.warning("%s is left out of the preview: %s", picture, error)
        return None
    paper = Image.new("RGB", square.size, PAPER)
    paper.paste(square, mask=square)
    return _png(paper)


def _in_8_bits(image: Image.Image) -> Image.Image:
    """The same with 8 bits a pixel where a grey one has 16: Pillow would take most for white."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")


def _png(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()
