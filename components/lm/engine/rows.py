"""The slots of the running batch: which sample is in which row, and how much room each has."""

from dataclasses import dataclass

from components.lm.decoding.protocol import Decoder
from components.lm.engine.job import Job
from components.lm.engine.sample import RunningSample

SMALLEST_ROW = 64
FEWEST_ROWS = 8


@dataclass(frozen=True)
class Slot:
    """A sample that is being written, in the row of its number in the list of slots."""

    job: Job
    sample: RunningSample

    @property
    def length(self) -> int:
        """Positions of its row that are filled; the newest token goes into the next."""
        return len(self.job.ids) + len(self.sample.tokens) - 1


class Rows:
    """Slots without gaps from row 0 on, in a cache of bounded memory.

    Rows are as long as the longest of the running requests needs, a power of two; the longer they
    are the fewer there are. There are as many as were needed at once so far, a power of two too:
    each takes memory.
    """

    def __init__(self, decoder: Decoder, most: int | None, cache_bytes: int) -> None:
        """At most `most` rows, or as many as fit, in a KV cache of `cache_bytes`; always one."""
        self._decoder, self._bytes = decoder, cache_bytes
        self.longest = min(decoder.positions, cache_bytes // decoder.position_bytes)
        shortest = min(SMALLEST_ROW, self.longest) * decoder.position_bytes
        self.most = most or max(cache_bytes // max(shortest, 1), 1)
        """How many samples can be written at the same time where all are short."""
        self.slots: list[Slot] = []
        self._capacity = 0

    @property
    def capacity(self) -> int:
        """Rows that there are now."""
        return self._capacity

    def make_room(self, taken: int, job: Job, others: list[Job]) -> bool:
        """Have rows that are long enough for `job` beside `taken` others; whether one is free.

        `others` are the jobs that are to begin in the same step.
        """
        running = [*(slot.job for slot in self.slots), *others]
        needed = self._length(max(one.positions for one in [*running, job]))
        kept = max(needed, self._decoder.row_positions)
        wanted = taken + job.request.n
        length = kept if self._rows_of(kept) >= min(wanted, self.most) else needed
        most = self._rows_of(length)
        if most <= taken:
            return False
        self._resize(min(most, max(self._capacity, FEWEST_ROWS, _power_of_two(wanted))), length)
        return True

    def admit(self, job: Job, samples: list[RunningSample], saved: object) -> None:
        """Give each of `samples` a row that begins with the job's prompt."""
        first = len(self.slots)
        self.slots += [Slot(job, sample) for sample in samples]
        self._decoder.load(first, len(self.slots), saved)

    def release(self, row: int) -> None:
        """Free a row; the last one takes its place."""
        last = self.slots.pop()
        if row < len(self.slots):
            self._decoder.move(len(self.slots), row, last.length)
            self.slots[row] = last

    def _resize(self, rows: int, length: int) -> None:
        if (rows, length) != (self._capacity, self._decoder.row_positions):
            self._decoder.resize(rows, length)
            self._capacity = rows

    def _length(self, positions: int) -> int:
        """The next power of two, at most the context length."""
        return min(self.longest, max(SMALLEST_ROW, _power_of_two(positions)))

    def _rows_of(self, length: int) -> int:
        """How many rows of this length there is memory for."""
        return min(self.most, self._bytes // (length * self._decoder.position_bytes))


def _power_of_two(number: int) -> int:
    """The least one that is not below `number`."""
    return 1 << (number - 1).bit_length()
