"""What each number format costs the model, for the servers that choose among them."""

import logging
from pathlib import Path

from components.contracts.artifacts import split_file
from components.contracts.base import read_rows
from components.contracts.posts import DatasetRow
from components.lm.format_quality import format_bits_per_byte
from components.lm.formats import allowed_formats
from components.lm.threads import limit_threads

log = logging.getLogger(__name__)

DIGITS = 6


def measure_formats(model: Path, dataset: Path) -> dict[str, float]:
    """Bits per byte of the test posts, as far as a few thousand tokens go, by number format.

    Raises:
        BadInputError: the model cannot be loaded, or no test post fits it.
    """
    posts = [row.text for row in read_rows(dataset / split_file("test"), DatasetRow)]
    limit_threads()
    found = format_bits_per_byte(model, posts)
    allowed = allowed_formats(found)
    for name, bits in found.items():
        said = "" if name in allowed else ": more than 1% worse than fp32, no server will choose it"
        log.info("%s: %.4f bits per byte%s", name, bits, said)
    return {name: round(bits, DIGITS) for name, bits in found.items()}
