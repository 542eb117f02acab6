"""What a post's first token teaches, kept from throwing the others about.

It is predicted from the start token alone, and the state of a text's first token is like no other:
models rest their attention on it with one number a hundred times as large as all else, written in
an early layer and taken away in the last ones (Sun et al. 2024, arXiv:2402.17762). The prediction
is a small difference of large numbers, so its gradients in the layers before are huge and point
nowhere; here it teaches the last layers alone, and these more. And AdamW moves each weight by about
the learning rate, however small its gradient: what reads so large a number moves the start token's
state so much farther than other tokens', and stays as it is. Without both, the prediction gets
worse by nats for a while, and luck decides how a training ends.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from transformers.pytorch_utils import Conv1D

from components.train.data import Posts
from components.train.layers import layers_of

LAYERS = 2
"""How many of the last layers it teaches."""
WEIGHT = 20.0
"""How much more than another token it does."""
LARGE = 200.0
"""What is large: so many times the root mean square of what another token has there."""
SOME = 64
"""Posts, and tokens of one, by which that is seen."""


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


def tame_first_tokens(model: Any, posts: Posts) -> None:
    """Have the first token of each post teach the last layers of `model` alone, and these more.

    In the layers before, weights that read large numbers stay as they are (adapters do not, nor do
    they under weight decay); what is large is seen on one of `posts`. The model computes as
    transformers made it. One whose body is not apart from its head, or does not tell its layers, is
    left alone.
    """
    layers = layers_of(model)
    if layers is None or model.base_model is model:
        return
    last = max(0, len(layers) - LAYERS)
    for weight, axis, inputs in _readers_of_large_numbers(model, layers[:last], _telling(posts)):
        still = partial(torch.index_fill, dim=axis, index=inputs, value=0.0)
        weight.register_hook(still)  # type: ignore[no-untyped-call]
    layers[last].register_forward_pre_hook(_hold_back, with_kwargs=True)
    model.base_model.register_forward_hook(_weigh)


def _telling(posts: Posts) -> list[int]:
    """The longest of the first posts, as far as it must be read."""
    return max(posts.ids[:SOME], key=len)[:-1][:SOME]


def _readers_of_large_numbers(
    model: Any, layers: nn.ModuleList, post: Sequence[int]
) -> Iterator[tuple[Tensor, int, Tensor]]:
    """Weights, the axis of their inputs, and which of these the first token alone makes large."""
    if len(post) < 2:
        return
    read: dict[nn.Linear | Conv1D, Tensor] = {}

    def keep(module: Any, args: tuple[Any, ...]) -> None:
        read[module] = args[0].detach().reshape(-1, args[0].shape[-1])

    linear = [module for module in layers.modules() if isinstance(module, nn.Linear | Conv1D)]
    hooks = [module.register_forward_pre_hook(keep) for module in linear]
    with torch.no_grad():
        model.base_model(input_ids=torch.tensor([post], device=model.device), use_cache=False)
    for hook in hooks:
        hook.remove()
    for module, states in read.items():
        if len(states) != len(post):  # an expert, which reads some tokens alone
            continue
        usual = states[1:].square().mean(dim=1).sqrt().median()
        (inputs,) = (states[0].abs() > LARGE * usual).nonzero(as_tuple=True)
        if len(inputs):
            yield module.weight, 0 if isinstance(module, Conv1D) else 1, inputs


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
