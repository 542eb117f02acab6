"""A model's parts computed as suits posts on a processor: few tokens a row, many rows a core."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from components.train.attention import SHORT, suit_attention
from components.train.data import Posts
from components.train.native.functions import LANES, Gelu, RmsNorm, SwiGlu
from components.train.native.library import available

Forward = Callable[..., Tensor]


@dataclass(frozen=True)
class Suited:
    """How a model was suited."""

    beside: bool = False
    """The halves of a batch are best computed side by side: the library in C has its part in it."""
    packed: bool = False
    """The posts of a batch can be computed in one row."""


def suit_processor(model: Any, dtype: torch.dtype, *splits: Posts) -> Suited:
    """Have `model`, still in fp32, compute in bf16 on a processor what takes longest there.

    Where all posts are short, attention becomes plain matrix products: torch's fused attention goes
    through its backward pass block by block, which for rows of 10 to 60 tokens costs five to nine
    times as much. Where the library in C is there, attention, norms and activations become its
    own, each one operation instead of up to a dozen, and padding is not computed.
    """
    longest = max(len(ids) for posts in splits for ids in posts.ids)
    if model.device.type != "cpu" or dtype != torch.bfloat16 or longest > SHORT:
        return Suited()
    if not available():
        model.set_attn_implementation("eager")
        return Suited()
    packed = suit_attention(model)
    for module in model.modules():
        if forward := _own_forward(module):
            module.forward = forward
    return Suited(beside=True, packed=packed)


def _own_forward(module: nn.Module) -> Forward | None:
    """How `module` computes in bf16 with the library; None where it is nothing that it knows.

    By its parts and its results, not by its class: families write the same things again.
    """
    for known in (_norm, _gated, _activation):
        if forward := known(module):
            return forward
    return None


def _norm(module: nn.Module) -> Forward | None:
    weight = getattr(module, "weight", None)
    epsilon = getattr(module, "variance_epsilon", getattr(module, "eps", None))
    if not isinstance(weight, Tensor) or not isinstance(epsilon, float):
        return None
    if not type(module).__name__.endswith("RMSNorm") or weight.dim() != 1 or len(weight) % LANES:
        return None

    def plain(x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + epsilon) * weight

    def suited(self: nn.Module, x: Tensor) -> Tensor:
        normed: Tensor = RmsNorm.apply(x, self.weight, epsilon)  # type: ignore[no-untyped-call]
        return normed

    return MethodType(suited, module) if _gives(module, plain, len(weight)) else None


def _gated(module: nn.Module) -> Forward | None:
    """An MLP as Llama's: down(silu(gate) * up)."""
    parts = [getattr(module, name, None) for name in ("gate_proj", "up_proj", "down_proj")]
    if not all(isinstance(part, nn.Linear) for part in parts):
        return None
    gate, up, down = (part for part in parts if isinstance(part, nn.Linear))
    if gate.out_features % LANES:
        return None

    def plain(x: Tensor) -> Tensor:
        found: Tensor = down(functional.silu(gate(x)) * up(x))
        return found

    def suited(self: Any, x: Tensor) -> Tensor:  # by name, since adapters take their places
        product = SwiGlu.apply(self.gate_proj(x), self.up_proj(x))  # type: ignore[no-untyped-call]
        found: Tensor = self.down_proj(product)
        return found

    return MethodType(suited, module) if _gives(module, plain, gate.in_features) else None


def _activation(module: nn.Module) -> Forward | None:
    """GPT-2's GELU in its tanh form, a module of its own."""
    if "gelu" not in type(module).__name__.lower() or [*module.parameters()]:
        return None

    def plain(x: Tensor) -> Tensor:
        return functional.gelu(x, approximate="tanh")

    def suited(_: nn.Module, x: Tensor) -> Tensor:
        if x.shape[-1] % LANES:  # how wide it is, is first seen here
            return plain(x)
        found: Tensor = Gelu.apply(x)  # type: ignore[no-untyped-call]
        return found

    return MethodType(suited, module) if _gives(module, plain, LANES) else None


def _gives(module: nn.Module, plain: Callable[[Tensor], Tensor], width: int) -> bool:
    """Whether `module` takes a [posts, length, width] alone and makes of it what `plain` does."""
    if len(signature(module.forward).parameters) != 1:
        return False
    probe = torch.linspace(-4, 4, 2 * width).view(1, 2, width)
    with torch.no_grad():
        try:
            found = module(probe)
        except (TypeError, ValueError, RuntimeError):
            return False
        expected = plain(probe)
        return isinstance(found, Tensor) and torch.allclose(found, expected, rtol=1e-4, atol=1e-5)
