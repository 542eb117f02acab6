"""Keyed Bloom filters of runs of words (Bloom 1970, doi:10.1145/362686.362692), and their files.

A filter can be asked for a run, not read. The key (BLAKE2b's) makes equal runs other bits in every
model; it lies in the file, since the server that asks needs it.
"""

import hashlib
import json
import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from components.contracts.errors import BadInputError

RUN = 8
"""Words of a run that counts as copied."""
KEY_BYTES = 16
FEWEST_BITS = 1 << 16
"""With fewer, two hashes could not stand for all: too many runs would share both."""


class _Header(NamedTuple):
    """The file's first line, as JSON under these names; the bits follow it."""

    format: str
    words: int
    bits: int
    hashes: int
    key: str


class KeyedBloom:
    """A set of runs of words that forgets none and takes some others for its own.

    Subclasses say which runs, how often others may be taken for them, and the file's format.
    """

    FORMAT: str
    FALSE_ALARMS: float
    """How often a run that is not in the set is taken for one that is."""
    HOLDS: str
    """What the file holds, for messages."""

    def __init__(self, bits: bytearray, hashes: int, key: bytes) -> None:
        self._bits, self._hashes, self._key = bits, hashes, key

    @classmethod
    def of_runs(cls, runs: Collection[Sequence[str]], key: bytes) -> Self:
        """The filter of these different runs; its size follows from their number and the rate."""
        wanted = -len(runs) * math.log(cls.FALSE_ALARMS) / math.log(2) ** 2
        bits = max(8 * math.ceil(wanted / 8), FEWEST_BITS)
        made = cls(bytearray(bits // 8), round(-math.log2(cls.FALSE_ALARMS)), key[:KEY_BYTES])
        for run in runs:
            for place in made._places(run):
                made._bits[place >> 3] |= 1 << (place & 7)
        return made

    def __contains__(self, run: Sequence[str]) -> bool:
        """Whether these words, as `words_of` gives them, are one of the runs."""
        bits = self._bits
        return all(bits[place >> 3] >> (place & 7) & 1 for place in self._places(run))

    def write(self, path: Path) -> None:
        """Write the filter: a line of JSON, then its bits."""
        header = _Header(self.FORMAT, RUN, 8 * len(self._bits), self._hashes, self._key.hex())
        path.write_bytes(json.dumps(header._asdict()).encode() + b"\n" + self._bits)

    @classmethod
    def read(cls, path: Path) -> Self:
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
            raise BadInputError(
                f"{path} holds no {cls.HOLDS}: its first line is not theirs"
            ) from error
        if (header.format, header.words) != (cls.FORMAT, RUN):
            raise BadInputError(
                f"{path} holds {cls.HOLDS} of another kind; publish the model again"
            )
        if header.bits != 8 * len(bits) or not bits or header.hashes < 1:
            raise BadInputError(f"{path} is not whole")
        return cls(bytearray(bits), header.hashes, key)

    def _places(self, run: Sequence[str]) -> list[int]:
        """Where a run's bits are: two hashes stand for all (Kirsch and Mitzenmacher 2008)."""
        digest = hashlib.blake2b("\n".join(run).encode(), digest_size=16, key=self._key).digest()
        first, step = (int.from_bytes(digest[at : at + 8], "big") for at in (0, 8))
        size = 8 * len(self._bits)
        return [(first + number * (step | 1)) % size for number in range(self._hashes)]
