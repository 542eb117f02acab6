"""The compiled library: found or made once."""

import ctypes
from ctypes import c_double, c_int64, c_void_p
from functools import lru_cache

from components.lm.compiling import load_library
from components.lm.decoding.native import library as decoder
from components.train.native.build import TRAINING

P, N, F = c_void_p, c_int64, c_double
ARGUMENTS = {
    "rms_norm": (P, P, N, N, F, P, P),
    "rms_norm_back": (P, P, P, P, N, N, P, P, P),
    "swiglu": (P, P, N, P),
    "swiglu_back": (P, P, P, N, P, P),
    "gelu": (P, N, P),
    "gelu_back": (P, P, N, P),
    "attention_room": (P,),
    "attend": (P,) * 7,
    "attend_back": (P,) * 10,
    "cross_entropy": (P, P, N, N, P),
    "sum_of_squares": (P, N),
    "adamw": (P, N, P, P, P, P, P),
}
RESULTS = {"attention_room": N, "sum_of_squares": F}


def available() -> bool:
    """Whether the library is there and this processor has AVX-512, and nobody capped it."""
    return decoder.available() and decoder.level() == "avx512" and _found() is not None


def load() -> ctypes.CDLL:
    """The library.

    Raises:
        RuntimeError: there is none, ask `available` first.
    """
    found = _found()
    if found is None:
        raise RuntimeError("the training's library in C is not there")
    return found


def _declare(library: ctypes.CDLL) -> None:
    for name, arguments in ARGUMENTS.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, RESULTS.get(name)


@lru_cache(maxsize=1)
def _found() -> ctypes.CDLL | None:
    instead = "torch computes all of a training, without the faster parts in C"
    return load_library(TRAINING, _declare, instead)
