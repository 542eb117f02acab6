"""The heap, which keeps what was freed."""

import ctypes


def trim_heap() -> None:
    """Give what is free in it back to the system, such as what loading a model took in passing.

    glibc does so by itself at the heap's end only (malloc_trim(3)).
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
