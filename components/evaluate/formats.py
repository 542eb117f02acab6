"""What each dtype costs the model, for the servers that choose among them."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path

from components.lm.format_quality import format_bits_per_byte, texts_to_measure
from components.lm.formats import FORMATS, allowed_formats

log = logging.getLogger(__name__)

DIGITS = 6


def measure_formats(model: Path, posts: Sequence[str], bits: Sequence[float]) -> dict[str, float]:
    """Bits per byte of these posts, as far as a few thousand tokens go, by dtype.

    Args:
        model: the model's folder.
        posts: the test posts.
        bits: what each needs in fp32; NaN for one that is longer than the context.

    Raises:
        BadInputError: the model cannot be loaded, or no post fits it.
    """
    known = {post: value for post, value in zip(posts, bits, strict=True) if math.isfinite(value)}
    texts = texts_to_measure(model, list(known))
    exact = sum(known[text] for text in texts) / sum(len(text.encode()) for text in texts)
    found = {"fp32": exact, **format_bits_per_byte(model, texts, FORMATS[1:])}
    allowed = allowed_formats(found)
    for name, value in found.items():
        said = "" if name in allowed else ": more than 1% worse than fp32, no server will choose it"
        log.info("%s: %.4f bits per byte%s", name, value, said)
    return {name: round(value, DIGITS) for name, value in found.items()}
