"""What each dtype costs the model, for the servers that choose among them."""

import logging
from collections.abc import Sequence
from pathlib import Path

from components.lm.format_quality import format_bits_per_byte
from components.lm.formats import allowed_formats

log = logging.getLogger(__name__)

DIGITS = 6


def measure_formats(model: Path, posts: Sequence[str]) -> dict[str, float]:
    """Bits per byte of these posts, as far as a few thousand tokens go, by dtype.

    Raises:
        BadInputError: the model cannot be loaded, or no post fits it.
    """
    found = format_bits_per_byte(model, posts)
    allowed = allowed_formats(found)
    for name, bits in found.items():
        said = "" if name in allowed else ": more than 1% worse than fp32, no server will choose it"
        log.info("%s: %.4f bits per byte%s", name, bits, said)
    return {name: round(bits, DIGITS) for name, bits in found.items()}
