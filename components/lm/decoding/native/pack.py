"""Matrices as the library reads them."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from components.lm.decoding.native.huge_pages import HugePages
from components.lm.decoding.native.layout import GROUP, PANEL, Matrix, rounded_up

OFFSET = 128
"""Added to weights: the instructions multiply unsigned bytes by signed ones."""
OUTPUTS_AT_ONCE = 64 * PANEL
"""So that what is made on the way takes little memory."""


def pack(
    weight: Tensor, bias: Tensor | None = None, memory: HugePages | None = None
) -> tuple[Matrix, list[Tensor]]:
    """`weight` [out, in] in int8 panels, as `struct matrix` says, and what it points into.

    The panels lie in `memory`, or in some of their own. Weights are rounded to the nearest of 255
    steps that are the same for all of an output.
    """
    outputs, inputs = weight.shape
    shape = rounded_up(outputs, PANEL), rounded_up(inputs, GROUP)
    place = (memory or HugePages()).take(shape[0] * shape[1]).fill_(OFFSET)
    packed = place.view(shape[0] // PANEL, shape[1] // 4, PANEL, 4)
    scales = torch.zeros(shape[0])
    for first in range(0, outputs, OUTPUTS_AT_ONCE):
        part = weight[first : first + OUTPUTS_AT_ONCE].float()
        scale = part.abs().amax(dim=1).clamp(min=1e-12) / 127
        scales[first : first + len(part)] = scale
        missing = (0, shape[1] - inputs, 0, rounded_up(len(part), PANEL) - len(part))
        rounded = pad((part / scale[:, None]).round_(), missing).add_(OFFSET)
        panels = rounded.view(-1, PANEL, shape[1] // 4, 4)
        packed[first // PANEL :][: len(panels)] = panels.transpose(1, 2)
    kept = [packed, scales]
    if bias is not None:
        kept.append(_padded(bias.float(), shape[0]))
    weights, factors, *rest = (tensor.data_ptr() for tensor in kept)
    return Matrix(weights, factors, rest[0] if rest else None, *shape), kept


def joined(parts: Sequence[Tensor], multiple: int = 1) -> Tensor:
    """Weights or biases of several matrices as one, the outputs of each padded to a multiple."""
    return torch.cat([_padded(part, rounded_up(len(part), multiple)) for part in parts])


def _padded(values: Tensor, size: int) -> Tensor:
    """`values` [n, …] with zeros up to `size`."""
    missing = size - len(values)
    return pad(values, (*(0, 0) * (values.dim() - 1), 0, missing)).contiguous()
