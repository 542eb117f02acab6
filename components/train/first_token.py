"""What a post's first token teaches, kept from throwing the others about.

It is predicted from the start token alone, and the state of a text's first token is like no other:
models rest their attention on it with one number a hundred times as large as all else, written in
an early layer and taken away in the last ones (Sun et al. 2024, arXiv:2402.17762). The prediction
is a small difference of large numbers, so its gradients in the layers before are huge and point
nowhere: it gets worse by nats for a while, and luck decides how a training ends. Here it teaches
the last layers alone, and these more.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

LAYERS = 2
"""How many of the last layers it teaches."""
WEIGHT = 20.0
"""How much more than another token it does."""


class ScaledGradients(torch.autograd.Function):
    """What it is given, with gradients times factors that broadcast to it."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, factors: Tensor) -> Tensor:
        """The same [posts, tokens, width]."""
        ctx.save_for_backward(factors)
        return hidden.view_as(hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor | None, ...]:
        """The scaled gradients."""
        (factors,) = ctx.saved_tensors
        return outer * factors, None


def teach_first_tokens_apart(model: Any) -> None:
    """Have the first token of each post teach the last layers of `model` alone, and these more.

    A model whose body is not apart from its head, or does not tell its layers, stays as it is.
    """
    count = getattr(model.config.get_text_config(), "num_hidden_layers", None)
    if model.base_model is model:
        return
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            first = module[max(0, len(module) - LAYERS)]
            first.register_forward_pre_hook(_hold_back, with_kwargs=True)
            model.base_model.register_forward_hook(_weigh)
            return


def _hold_back(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if args:
        return (_scaled(args[0], 0.0), *args[1:]), kwargs
    return args, kwargs | {"hidden_states": _scaled(kwargs["hidden_states"], 0.0)}


def _weigh(_: nn.Module, __: tuple[Any, ...], output: Any) -> Any:
    output.last_hidden_state = _scaled(output.last_hidden_state, WEIGHT)
    return output


def _scaled(hidden: Tensor, factor: float) -> Tensor:
    """`hidden`, rows of posts, with the gradients of each row's start token times `factor`."""
    factors = torch.ones(hidden.shape[1], 1, dtype=hidden.dtype, device=hidden.device)
    factors[0] = factor
    scaled: Tensor = ScaledGradients.apply(hidden, factors)  # type: ignore[no-untyped-call]
    return scaled
