"""A linear layer with its low-rank adapter as one operation: no result is written twice."""

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D


class AdaptedLinear(torch.autograd.Function):
    """x W^T + bias + scale (x A^T) B^T, where A and B alone are trained (Hu et al. 2021)."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float
    ) -> Tensor:
        """The sum; x [..., inputs], W [outputs, inputs], A [rank, inputs], B [outputs, rank]."""
        rows = x.reshape(-1, x.shape[-1])
        small = rows @ a.T
        y = linear(rows, weight, bias).addmm_(small, b.T, alpha=scale)
        ctx.save_for_backward(rows, small, weight, a, b)
        ctx.shape, ctx.scale, ctx.goes_on = x.shape, scale, x.requires_grad
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of x, A and B, from that of what forward gave."""
        rows, small, weight, a, b = ctx.saved_tensors
        outer = outer.reshape(-1, outer.shape[-1])
        of_small = (outer @ b).mul_(ctx.scale)
        of_a, of_b = of_small.T @ rows, (outer.T @ small).mul_(ctx.scale)
        of_x = (outer @ weight).addmm_(of_small, a).view(ctx.shape) if ctx.goes_on else None
        return of_x, None, None, of_a, of_b, None


def join_adapters(model: nn.Module) -> None:
    """Have peft's layers of `model`, whose adapters have no dropout, compute so."""
    for module in model.modules():
        if isinstance(getattr(module, "base_layer", None), nn.Linear | Conv1D):
            module.forward = MethodType(_forward, module)


def _forward(self: Any, x: Tensor) -> Tensor:
    base = self.base_layer
    weight = base.weight.T if isinstance(base, Conv1D) else base.weight
    a, b = self.lora_A["default"].weight, self.lora_B["default"].weight
    y: Tensor = AdaptedLinear.apply(  # type: ignore[no-untyped-call]
        x, weight, base.bias, a, b, self.scaling["default"]
    )
    return y
