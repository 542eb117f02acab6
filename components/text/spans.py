"""Runs of eight words of a collection of posts, kept so that one can ask for them, not read them.

A Bloom filter (Bloom 1970, doi:10.1145/362686.362692) over keyed hashes (BLAKE2b) of the runs. Who
has the file can test a run of eight words that he guesses; from nothing shorter can he begin.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from components.contracts.errors import BadInputError
from components.text.ngrams import words_of

RUN = 8
"""Words of a run."""
FALSE_ALARMS = 1e-6
"""How often a run that no post holds is taken for one that a post holds."""
FEWEST_BITS = 1 << 16
"""With fewer, two hashes could not stand for all: too many runs would share both."""
SPANS = "spans.bloom"
"""The file's name in a published version."""
KEY_BYTES = 16
_FORMAT = "huggingtweets-spans-1"


class _Header(NamedTuple):
    """The file's first line, as JSON under these names; the bits follow it."""

    format: str
    words: int
    bits: int
    hashes: int
    key: str


class SpanFilter:
    """Tells whether a run of eight words stands in one of the posts."""

    def __init__(self, bits: bytearray, hashes: int, key: bytes) -> None:
        self._bits, self._hashes, self._key = bits, hashes, key

    @classmethod
    def of(cls, texts: Iterable[str], key: bytes) -> "SpanFilter":
        """The filter of these texts; equal texts and keys give equal bytes.

        Its size follows from the number of runs and `FALSE_ALARMS`: 29 bits for each run.
        """
        runs = {run for text in texts for run in _runs(words_of(text))}
        bits = max(
            8 * math.ceil(-len(runs) * math.log(FALSE_ALARMS) / math.log(2) ** 2 / 8), FEWEST_BITS
        )
        hashes = round(-math.log2(FALSE_ALARMS))
        made = cls(bytearray(bits // 8), hashes, key[:KEY_BYTES])
        for run in runs:
            for place in made._places(run):
                made._bits[place >> 3] |= 1 << (place & 7)
        return made

    def __contains__(self, run: Sequence[str]) -> bool:
        """Whether these eight words, as `words_of` gives them, stand in one post in this order."""
        bits = self._bits
        return all(bits[place >> 3] >> (place & 7) & 1 for place in self._places(run))

    def write(self, path: Path) -> None:
        """Write the filter: a line of JSON, then its bits."""
        header = _Header(_FORMAT, RUN, 8 * len(self._bits), self._hashes, self._key.hex())
        path.write_bytes(json.dumps(header._asdict()).encode() + b"\n" + self._bits)

    @classmethod
    def read(cls, path: Path) -> "SpanFilter":
        """The filter in this file.

        Raises:
            BadInputError: it is no such file, or is not whole.
        """
        try:
            line, _, bits = path.read_bytes().partition(b"\n")
            header = _Header(**json.loads(line))
            key = bytes.fromhex(header.key)
        except OSError as error:
            raise BadInputError(f"cannot read {path}: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise BadInputError(f"{path} holds no spans: its first line is not theirs") from error
        if (header.format, header.words) != (_FORMAT, RUN):
            raise BadInputError(f"{path} holds spans of another kind; publish the model again")
        if header.bits != 8 * len(bits) or not bits or header.hashes < 1:
            raise BadInputError(f"{path} is not whole")
        return cls(bytearray(bits), header.hashes, key)

    def _places(self, run: Sequence[str]) -> list[int]:
        """Where a run's bits are: two hashes stand for all (Kirsch and Mitzenmacher 2008)."""
        digest = hashlib.blake2b("\n".join(run).encode(), digest_size=16, key=self._key).digest()
        first, step = (int.from_bytes(digest[at : at + 8], "big") for at in (0, 8))
        size = 8 * len(self._bits)
        return [(first + number * (step | 1)) % size for number in range(self._hashes)]


def _runs(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return (tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))
