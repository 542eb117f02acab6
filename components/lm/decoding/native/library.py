"""The compiled library: found or made once, and the level of instructions that it may use."""

import ctypes
import logging
import os
from ctypes import POINTER, c_int64, c_void_p
from functools import lru_cache
from pathlib import Path

from components.lm.decoding.native.build import LEVELS, NoCompiler, build, library_path
from components.lm.decoding.native.layout import Batch, Cache, Model

log = logging.getLogger(__name__)

LEVEL_VARIABLE = "HUGGINGTWEETS_CPU_LEVEL"
"""Caps the instructions that are used: plain, avx2 or avx512."""


def available() -> bool:
    """Whether the library is there and faster than torch: from AVX2 on."""
    return level() in ("avx2", "avx512")


def level() -> str | None:
    """The name of the instructions it uses here, None without a library; the same in each call."""
    found = load()
    if found is None:
        return None
    names = list(LEVELS)
    highest = int(found.native_level())
    cap = os.environ.get(LEVEL_VARIABLE, "")
    return names[min(highest, names.index(cap)) if cap in names else highest]


@lru_cache(maxsize=1)
def load() -> ctypes.CDLL | None:
    """The library, compiled now if it was not at set-up; None, said once, where it cannot be."""
    try:
        return opened(_made())
    except (NoCompiler, OSError) as error:
        log.warning("the decoder in C is not used, torch computes instead: %s", error)
        return None


def opened(path: Path) -> ctypes.CDLL:
    """The library in this file, its functions declared."""
    library = ctypes.CDLL(str(path))
    library.native_level.restype = c_int64
    library.native_workspace.argtypes = [POINTER(Model), c_int64, c_int64, c_int64]
    library.native_workspace.restype = c_int64
    library.native_step.argtypes = [
        POINTER(Model), POINTER(Batch), POINTER(Cache), c_void_p, c_int64, c_int64,
    ]  # fmt: skip
    library.native_step.restype = None
    library.native_kernels.argtypes = [c_int64]
    library.native_kernels.restype = c_void_p
    return library


def _made() -> Path:
    """The compiled library, beside its source or, where that is not writable, in the user's cache."""
    here, own = library_path(Path(__file__).parent / "build"), library_path(_cache())
    for path in (here, own):
        if path.exists():
            return path
    try:
        build(here)
    except OSError:
        build(own)
        return own
    return here


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "huggingtweets"
