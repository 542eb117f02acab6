"""The kernels of the decoder in C, one by one."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_double, c_int64, c_void_p
from dataclasses import dataclass

import torch
from torch import Tensor

from components.lm.decoding.native import library
from components.lm.decoding.native.build import LEVELS
from components.lm.decoding.native.layout import GROUP, PANEL, Quantized, rounded_up
from components.lm.decoding.native.pack import pack

LEVELS_HERE = library.levels()
"""Those that this processor has; none where the library cannot be compiled."""


class Kernels(ctypes.Structure):
    """`struct kernels`."""

    _fields_ = [
        ("product", CFUNCTYPE(None, *[c_void_p] * 2, *[c_int64] * 4, c_void_p, *[c_int64] * 2)),
        ("quantize", CFUNCTYPE(None, c_void_p, c_int64, c_void_p, *[c_int64] * 3)),
        ("norm", CFUNCTYPE(None, c_void_p, c_int64, c_void_p, c_double, c_void_p)),
        ("silu_gate", CFUNCTYPE(None, c_void_p, c_void_p, c_int64, c_void_p)),
        ("gelu", CFUNCTYPE(None, c_void_p, c_int64, c_void_p)),
        ("rotate", CFUNCTYPE(None, c_void_p, c_int64, c_void_p, c_void_p)),
        ("to_bf16", CFUNCTYPE(None, c_void_p, c_int64, c_void_p)),
        ("from_bf16", CFUNCTYPE(None, c_void_p, c_int64, c_void_p)),
        ("attend", CFUNCTYPE(None, *[c_void_p] * 3, *[c_int64] * 3, *[c_void_p] * 2)),
        ("draw", CFUNCTYPE(None, c_void_p, c_int64, c_void_p, c_void_p)),
        ("shrink", CFUNCTYPE(None, *[c_void_p] * 2, *[c_int64] * 2, c_void_p, c_int64, c_void_p)),
        ("expand", CFUNCTYPE(None, c_void_p, c_int64, c_void_p, *[c_int64] * 2, c_void_p,
                             *[c_int64] * 2)),
    ]  # fmt: skip


def kernels(level: str) -> Kernels:
    """The table of a level."""
    address = library.load().native_kernels(list(LEVELS).index(level))
    return ctypes.cast(address, POINTER(Kernels)).contents


@dataclass(frozen=True)
class Rounded:
    """Rows rounded to int8 in groups, as `quantize` leaves them."""

    values: Tensor
    scales: Tensor
    offsets: Tensor

    @property
    def structure(self) -> Quantized:
        tensors = (self.values, self.scales, self.offsets)
        return Quantized(*(tensor.data_ptr() for tensor in tensors), self.values.shape[1])


def quantized(level: str, rows: Tensor) -> Rounded:
    """`rows` [n, size] by the kernel."""
    count, size = rows.shape
    stride = rounded_up(size, GROUP)
    made = Rounded(
        torch.full((count, stride), 99, dtype=torch.int8),
        torch.full((count, stride // GROUP), torch.nan),
        torch.full((count, stride // GROUP), 99, dtype=torch.int32),
    )
    structure = made.structure
    for number, row in enumerate(rows.contiguous()):
        kernels(level).quantize(
            row.data_ptr(), size, ctypes.addressof(structure), number, 0, stride // GROUP
        )
    return made


class Product:
    """A product of `rows` [n, in] with `weight` [out, in] that is added to `into`."""

    def __init__(
        self, level: str, rows: Tensor, weight: Tensor, bias: Tensor | None = None
    ) -> None:
        self._matrix, self._kept = pack(weight, bias)
        self._x = quantized(level, rows)
        self._structure = self._x.structure
        self._rows, self._product = len(rows), kernels(level).product
        self.into = torch.zeros(len(rows), self._matrix.outputs)

    def run(self) -> None:
        for panel in range(self._matrix.outputs // PANEL):
            self._product(
                ctypes.addressof(self._matrix), ctypes.addressof(self._structure), 0, self._rows,
                panel, panel, self.into.data_ptr(), self.into.shape[1], 1,
            )  # fmt: skip
