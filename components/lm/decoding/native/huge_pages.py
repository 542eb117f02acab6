"""Memory in huge pages, for weights: every step reads them all from front to end.

With pages of 4 KiB a third of that time goes into finding where each page lies.
"""

import mmap
from contextlib import suppress

import torch
from torch import Tensor

HUGE = 2 << 20
"""Bytes of a huge page of x86-64."""
AT_ONCE = 32 * HUGE
"""What nobody writes to takes no memory."""
ALIGNED = 64
"""Bytes of a line of the processor's caches."""


class HugePages:
    """Gives out memory piece by piece; a piece keeps all that it came with."""

    def __init__(self) -> None:
        """Nothing is taken from the system yet."""
        self._free = torch.empty(0, dtype=torch.uint8)

    def take(self, size: int) -> Tensor:
        """So many bytes, zero at first: uint8 [size]."""
        needed = -(-size // ALIGNED) * ALIGNED
        if needed > len(self._free):
            self._free = _from_the_system(max(needed, AT_ONCE))
        taken, self._free = self._free[:size], self._free[needed:]
        return taken


def _from_the_system(size: int) -> Tensor:
    """Memory that begins with a page, in huge ones where the system has them."""
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    memory = mmap.mmap(-1, size + HUGE, flags=private)
    with suppress(OSError):  # a kernel without them
        memory.madvise(mmap.MADV_HUGEPAGE)
    mapped = torch.frombuffer(memory, dtype=torch.uint8)
    return mapped[-mapped.data_ptr() % HUGE :][:size]
