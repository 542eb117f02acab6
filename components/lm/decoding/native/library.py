"""The compiled library: found or made once, and the level of instructions that it uses."""

import ctypes
import os
from ctypes import POINTER, c_int64, c_void_p
from functools import lru_cache

from components.contracts.errors import BadInputError
from components.lm.compiling import load_library
from components.lm.decoding.native.build import DECODER, LEVELS
from components.lm.decoding.native.layout import Cache, Draw, NativeBatch, NativeModel

LEVEL_VARIABLE = "HUGGINGTWEETS_CPU_LEVEL"
"""Caps the instructions that are used: plain, avx2 or avx512."""
FASTER_THAN_TORCH = ("avx2", "avx512")


def available() -> bool:
    """Whether the library is there and faster here than torch. Nothing is timed for it."""
    return _found() is not None and level() in FASTER_THAN_TORCH


@lru_cache(maxsize=1)  # a virtual machine takes longer to say what its processor has than to draw
def levels() -> tuple[str, ...]:
    """The levels that this processor has, the lowest first; none without a library."""
    found = _found()
    return () if found is None else tuple(LEVELS)[: found.native_level() + 1]


def level() -> str:
    """The instructions that it uses: those of this processor, or fewer by `LEVEL_VARIABLE`."""
    return list(LEVELS)[level_number()]


def level_number() -> int:
    """The same as a number, as `enum level` has it.

    Raises:
        BadInputError: `LEVEL_VARIABLE` is set to something else.
    """
    load()
    names, cap = list(LEVELS), os.environ.get(LEVEL_VARIABLE) or "avx512"
    if cap not in names:
        raise BadInputError(f"{LEVEL_VARIABLE} is {cap}; it must be {', '.join(names)}")
    return min(len(levels()) - 1, names.index(cap))


def load() -> ctypes.CDLL:
    """The library.

    Raises:
        RuntimeError: there is none, ask `available` first.
    """
    found = _found()
    if found is None:
        raise RuntimeError("the decoder in C is not there")
    return found


def _declare(library: ctypes.CDLL) -> None:
    library.native_level.restype = c_int64
    library.native_workspace.argtypes = [POINTER(NativeModel), *[c_int64] * 4]
    library.native_workspace.restype = c_int64
    library.native_step.argtypes = [
        POINTER(NativeModel), POINTER(NativeBatch), POINTER(Cache), c_void_p, c_int64, c_int64,
    ]  # fmt: skip
    library.native_step.restype = None
    library.native_draw.argtypes = [
        c_void_p, c_int64, c_int64, POINTER(Draw), c_int64, c_void_p, c_int64, c_int64,
    ]  # fmt: skip
    library.native_draw.restype = None
    library.native_kernels.argtypes = [c_int64]
    library.native_kernels.restype = c_void_p


@lru_cache(maxsize=1)
def _found() -> ctypes.CDLL | None:
    return load_library(DECODER, _declare, "torch writes instead of the faster decoder in C")
