"""Weights as the library reads them."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from components.lm.decoding.native.layout import GROUP, PANEL, Matrix, rounded_up


@dataclass(frozen=True)
class Packed:
    """A structure, and the tensors that it points into."""

    structure: Any
    tensors: tuple[Tensor, ...]

    @property
    def bytes(self) -> int:
        """What the tensors take."""
        return sum(tensor.nbytes for tensor in self.tensors)


def pack(weight: Tensor, bias: Tensor | None = None) -> Packed:
    """`weight` [out, in] rounded to int8, symmetric with a scale for each output, in panels.

    See `struct matrix`.
    """
    outputs, inputs = weight.shape
    scales = weight.float().abs().amax(dim=1).clamp(min=1e-12) / 127
    shape = (rounded_up(outputs, PANEL), rounded_up(inputs, GROUP))
    rounded = torch.full(shape, 128, dtype=torch.uint8)
    rounded[:outputs, :inputs] = (weight.float() / scales[:, None]).round_().add_(128)
    panels = rounded.view(shape[0] // PANEL, PANEL, shape[1] // 4, 4)
    packed = panels.transpose(1, 2).contiguous()
    tensors = [packed, _padded(scales, shape[0])]
    if bias is not None:
        tensors.append(_padded(bias.float(), shape[0]))
    pointers = [tensor.data_ptr() for tensor in tensors]
    return Packed(Matrix(pointers[0], pointers[1], *pointers[2:] or [None], *shape), tuple(tensors))


def _padded(values: Tensor, size: int) -> Tensor:
    return torch.nn.functional.pad(values, (0, size - len(values))).contiguous()
