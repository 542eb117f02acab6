"""Memory straight from the system: unwritten it takes none, and freed it goes back at once.

The heap gives memory that was used before, cleared by hand and so all of it taken.
"""

import mmap
from contextlib import suppress

import torch
from torch import Tensor

HUGE = 2 << 20
"""Bytes of a huge page of x86-64."""


def mapped(size: int) -> Tensor:
    """So many bytes, zero at first: uint8 [size]."""
    return _tensor(_memory(max(size, 1)))[:size]


def mapped_in_huge_pages(size: int) -> Tensor:
    """The same in pages of 2 MiB, where the system has them; it begins with one."""
    memory = _memory(size + HUGE)
    with suppress(OSError):  # a kernel without them
        memory.madvise(mmap.MADV_HUGEPAGE)
    whole = _tensor(memory)
    return whole[-whole.data_ptr() % HUGE :][:size]


def _memory(size: int) -> mmap.mmap:
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def _tensor(memory: mmap.mmap) -> Tensor:
    """The tensor keeps the memory."""
    return torch.frombuffer(memory, dtype=torch.uint8)
