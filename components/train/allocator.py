"""Memory that stays with the process: large buffers are used again instead of mapped anew."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

# mallopt(3) and its parameters in glibc's malloc.h: what, while training, and glibc's default.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
WHILE_TRAINING = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 64 << 20}
DEFAULTS = {M_MMAP_MAX: 65536, M_TRIM_THRESHOLD: 128 << 10, M_TOP_PAD: 128 << 10}


@contextmanager
def large_buffers_kept() -> Iterator[None]:
    """Have glibc keep freed memory and take large buffers from it; other libraries are left alone.

    By default it maps every buffer above 32 MB afresh and gives it back at once, and the kernel
    clears each of its pages again, in every training step.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    for what, value in WHILE_TRAINING.items():
        libc.mallopt(what, value)
    try:
        yield
    finally:
        for what, value in DEFAULTS.items():
            libc.mallopt(what, value)
        libc.malloc_trim(0)
