"""One matrix product, its weights laid out for the machine at hand."""

from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from components.lm.decoding.changes import Change
from components.lm.formats import EVERY_ROW, Format

Activation: TypeAlias = Literal["none", "gelu", "swish"]
INT8_BLOCK = 32
"""torch multiplies int8 weights in blocks of this size, and reads on where they are not whole."""
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
ALGORITHMS = {"none": "", "gelu": "tanh", "swish": ""}


class Linear:
    """`activation(x W^T + b)` for rows x [n, in], giving [n, out]; without autograd.

    On a processor the weights are laid out once as oneDNN likes them, which is faster by 1.3 (bf16)
    to 2 times (fp32) than `functional.linear`, and exact. Up to `int8_rows` rows are computed with
    weights rounded to int8, whose error is at most 1/254 of the largest weight of that output.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        weight_dtype: Format,
        device: torch.device,
        activation: Activation = "none",
    ) -> None:
        """Lay out `weight` [out, in] and `bias` [out] in `weight_dtype` on `device`."""
        dtype = DTYPES[weight_dtype.base]
        self._activation: Activation = activation
        self._bias = None if bias is None else bias.to(device, dtype)
        self._packed = device.type == "cpu" and _lays_out(dtype)
        fits = all(size % INT8_BLOCK == 0 for size in weight.shape)
        self._int8_rows = weight_dtype.int8_rows if fits else 0
        self.bytes = 0
        if self._int8_rows:
            self._int8, self._scale = _to_int8(weight, dtype)
            self.bytes += self._int8.nbytes
        if self._int8_rows < EVERY_ROW:
            plain = weight.to(device, dtype).contiguous()
            self.bytes += plain.nbytes
            self._weight = _reorder(plain) if self._packed else plain

    def __call__(self, rows: Tensor, change: Change | None = None) -> Tensor:
        """The product for `rows`, to which `change` adds before the activation."""
        if change is None:
            return self._product(rows, self._activation)
        product = self._product(rows, "none")
        change.add(rows, product)
        return _activate(product, self._activation)

    def plus(self, rows: Tensor, other: Tensor, change: Change | None = None) -> Tensor:
        """The product for `rows` plus `other` [n, out], which may be of a wider format and is lost.

        There must be no activation.
        """
        if rows.dtype != other.dtype or len(rows) <= self._int8_rows or not self._packed:
            return other.add_(self(rows, change))
        product: Tensor = torch.ops.mkldnn._linear_pointwise.binary(
            rows, other, self._weight, self._bias, "add"
        )
        if change is not None:
            change.add(rows, product)
        return product

    def _product(self, rows: Tensor, activation: Activation) -> Tensor:
        if len(rows) <= self._int8_rows:
            return _activate(self._few(rows), activation)
        if not self._packed:
            return _activate(functional.linear(rows, self._weight, self._bias), activation)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(
            rows, self._weight, self._bias, activation, [], ALGORITHMS[activation]
        )
        return product

    def _few(self, rows: Tensor) -> Tensor:
        product: Tensor = torch.ops.aten._weight_int8pack_mm(
            rows.contiguous(), self._int8, self._scale
        )
        return product if self._bias is None else product + self._bias


def _activate(rows: Tensor, activation: Activation) -> Tensor:
    if activation == "gelu":
        return functional.gelu(rows, approximate="tanh")
    return functional.silu(rows) if activation == "swish" else rows


def _lays_out(dtype: torch.dtype) -> bool:
    """Whether oneDNN lays out weights of this dtype here; for bf16 it needs instructions."""
    if not torch._C._has_mkldnn:
        return False
    return dtype != torch.bfloat16 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _reorder(weight: Tensor) -> Tensor:
    packed: Any = torch.ops.mkldnn._reorder_linear_weight(weight, None)
    laid_out: Tensor = packed
    return laid_out


def _to_int8(weight: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """`weight` [out, in] as int8, and the scale of each output: symmetric, to the nearest."""
    scale = weight.float().abs().amax(dim=1).clamp(min=1e-12) / 127
    rounded = (weight.float() / scale[:, None]).round_().to(torch.int8)
    return rounded.contiguous(), scale.to(dtype)
