"""The C structures of model.h, field by field."""

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, c_double, c_int32, c_int64, c_void_p
from typing import Any

PANEL, GROUP = 32, 64
"""Outputs that lie beside each other in packed weights; inputs that share a scale."""
LANES = 16
"""Floats that are computed at once."""
TILE_ROWS = 4
"""Rows of one adapter that are computed at once."""
RANKS, QUARTET = 16, 4
"""Ranks of an adapter that lie beside each other; those that are rounded with one scale."""
PRODUCTS = ("qkv", "out", "up", "down")
"""A layer's matrices that adapters change, as `enum product` numbers them."""
FAMILIES = ("gpt2", "llama")


class Matrix(ctypes.Structure):
    """`struct matrix`."""

    _fields_ = [
        ("weights", c_void_p),
        ("scales", c_void_p),
        ("bias", c_void_p),
        ("outputs", c_int64),
        ("inputs", c_int64),
    ]


class Norm(ctypes.Structure):
    """`struct norm`."""

    _fields_ = [("weight", c_void_p), ("bias", c_void_p)]


class NativeLayer(ctypes.Structure):
    """`struct layer`."""

    _fields_ = [
        ("before_attention", Norm),
        ("before_mlp", Norm),
        ("qkv", Matrix),
        ("out", Matrix),
        ("up", Matrix),
        ("down", Matrix),
    ]


class NativeModel(ctypes.Structure):
    """`struct model`."""

    _fields_ = [
        ("family", c_int64),
        ("layers", c_int64),
        ("hidden", c_int64),
        ("heads", c_int64),
        ("kv_heads", c_int64),
        ("head_dim", c_int64),
        ("inner", c_int64),
        ("eps", c_double),
        ("embedding", c_void_p),
        ("position_embedding", c_void_p),
        ("cosines", c_void_p),
        ("sines", c_void_p),
        ("layer", POINTER(NativeLayer)),
        ("last_norm", Norm),
        ("head", Matrix),
    ]


class Span(ctypes.Structure):
    """`struct span`."""

    _fields_ = [("first", c_int32), ("count", c_int32), ("at", c_int64)]


class NativeLowRank(ctypes.Structure):
    """`struct low_rank`."""

    _fields_ = [
        ("down", c_void_p),
        ("up", c_void_p),
        ("scales", c_void_p),
        ("spans", POINTER(Span)),
        ("ranks", c_int64),
    ]


class Tile(ctypes.Structure):
    """`struct tile`."""

    _fields_ = [("first", c_int64), ("count", c_int64), ("changes", POINTER(NativeLowRank))]


class NativeBatch(ctypes.Structure):
    """`struct batch`."""

    _fields_ = [
        ("tokens", c_int64),
        ("ids", POINTER(c_int32)),
        ("rows", POINTER(c_int32)),
        ("positions", POINTER(c_int32)),
        ("wanted", c_int64),
        ("which", POINTER(c_int32)),
        ("logits", c_void_p),
        ("tiles", c_int64),
        ("ranks", c_int64),
        ("tile", POINTER(Tile)),
        ("changes", POINTER(c_void_p)),
    ]

    @classmethod
    def of(
        cls,
        ids: Sequence[int],
        rows: Sequence[int],
        positions: Sequence[int],
        wanted: Sequence[int],
        tiles: Sequence[Tile] = (),
        ranks: int = 0,
    ) -> "NativeBatch":
        """A batch of these tokens, its `logits` still to be set; `ranks` are the most of a tile."""
        lists = (_numbers(ids), _numbers(rows), _numbers(positions))
        return cls(
            len(ids), *lists, len(wanted), _numbers(wanted), None,
            len(tiles), ranks, (Tile * len(tiles))(*tiles), _changes(len(ids), tiles),
        )  # fmt: skip


class Cache(ctypes.Structure):
    """`struct cache`."""

    _fields_ = [("layers", POINTER(c_void_p)), ("positions", c_int64)]


class Draw(ctypes.Structure):
    """`struct draw` of draw.h."""

    _fields_ = [
        ("row", c_int64),
        ("temperature", c_double),
        ("top_p", c_double),
        ("uniform", c_double),
        ("above", c_double),
        ("token", c_int64),
        ("outside", c_int64),
    ]


class Quantized(ctypes.Structure):
    """`struct quantized` of kernels.h."""

    _fields_ = [
        ("values", c_void_p),
        ("scales", c_void_p),
        ("offsets", c_void_p),
        ("stride", c_int64),
    ]


def rounded_up(number: int, multiple: int) -> int:
    """The least multiple that is not below `number`."""
    return -(-number // multiple) * multiple


def _numbers(values: Sequence[int]) -> Any:
    return (c_int32 * len(values))(*values)


def _changes(tokens: int, tiles: Sequence[Tile]) -> Any:
    """Where the changes of each token's tile lie."""
    changes = (c_void_p * tokens)()
    for tile in tiles:
        address = ctypes.cast(tile.changes, c_void_p).value
        for token in range(tile.first, tile.first + tile.count):
            changes[token] = address
    return changes
