"""Memory that stays with the process: large buffers are used again instead of mapped anew."""

import ctypes
import platform

# /usr/include/malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
NEVER = 2**31 - 1
AHEAD = 64 << 20


def keep_large_buffers() -> bool:
    """Tell glibc to keep freed memory and to take large buffers from it; says whether it could.

    By default it maps every buffer above 32 MB afresh and gives it back at once, and the kernel
    clears each page of it again: a third of a training step's time.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, NEVER), (M_TOP_PAD, AHEAD))
    return all(libc.mallopt(what, value) == 1 for what, value in settings)
