"""Attention within the posts of a packed row, in place of a model's own where it is the same."""

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface

from components.train.data import IGNORED, Batch
from components.train.native.functions import LANES, CausalAttention
from components.train.packing import lengths_of_the_row, run_in_rows, run_packed

SHORT = 512
"""Tokens of a row up to which the scores of all pairs are small beside the rest of a step."""
OF_POSTS = "huggingtweets_posts"
"""The name by which transformers knows `attend`."""

PROBE = Batch(
    torch.tensor([[0, 1, 2, 3, 4], [0, 3, 2, 0, 0]]),
    torch.tensor([[1, 2, 3, 4, 0], [3, 2, 1, IGNORED, IGNORED]]),
    8,
)
"""Two posts of unlike lengths."""

Angles = tuple[Tensor, Tensor]
"""Cosines and sines by which queries and keys are rotated, [1, tokens, head_dim]."""


class UnsuitedError(Exception):
    """A model's attention is not plain causal attention."""


def suit_attention(model: Any) -> bool:
    """The library's attention where it is the model's, tried on two posts; else the plain one.

    Whether it is the library's. The model is still in fp32.
    """
    model.set_attn_implementation("eager")
    AttentionInterface.register(OF_POSTS, attend)
    with torch.no_grad():
        expected = run_in_rows(model, PROBE)
    if not _computes(model, expected):
        model.set_attn_implementation("eager")
        return False
    rotating = [module for module in model.modules() if _rotates(module)]
    for module in rotating:
        module.forward = MethodType(_rotated_attention, module)
    if rotating and not _computes(model, expected):
        for module in rotating:
            del module.forward
    return True


def _computes(model: Any, expected: Tensor) -> bool:
    """Whether `model` with the library's attention makes of two posts what is expected."""
    with torch.no_grad():
        try:
            model.set_attn_implementation(OF_POSTS)
            return torch.allclose(run_packed(model, PROBE), expected, rtol=1e-3, atol=1e-3)
        except (UnsuitedError, ValueError, TypeError, RuntimeError):
            return False


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers calls it: [1, tokens, heads, head_dim] of the posts of a row.

    Raises:
        UnsuitedError: it is not plain causal attention of one width.
    """
    length, head_dim = query.shape[2:]
    plain = (
        query.shape[-1] == key.shape[-1] == value.shape[-1]
        and len(query) == 1
        and key.shape[2] == length
        and head_dim % LANES == 0
        and (sliding_window is None or sliding_window >= SHORT)
        and attention_mask is None
        and not dropout
        and all(others.get(name) is None for name in ("softcap", "s_aux", "head_mask"))
        and getattr(module, "is_causal", True)
    )
    if not plain:
        raise UnsuitedError(type(module).__name__)
    scale = head_dim**-0.5 if scaling is None else scaling
    return _within_posts(query, key, value, scale, None), None


def _rotates(module: nn.Module) -> bool:
    """Whether `module` looks like Llama's attention, which rotates queries and keys by position."""
    parts = {name for name, _ in module.named_children()}
    head_dim = getattr(module, "head_dim", None)
    return (
        parts == {"q_proj", "k_proj", "v_proj", "o_proj"}
        and isinstance(head_dim, int)
        and head_dim % (2 * LANES) == 0
        and isinstance(getattr(module, "scaling", None), float)
        and getattr(getattr(module, "config", None), "clip_qkv", None) is None
    )


def _rotated_attention(
    self: Any, hidden_states: Tensor, position_embeddings: Angles, **_: Any
) -> tuple[Tensor, None]:
    """Llama's attention with the rotation done by the library, which reads each state once."""
    rows = (*hidden_states.shape[:-1], -1, self.head_dim)
    query, key, value = (
        layer(hidden_states).view(rows).transpose(1, 2)
        for layer in (self.q_proj, self.k_proj, self.v_proj)
    )
    out = _within_posts(query, key, value, self.scaling, position_embeddings)
    return self.o_proj(out.flatten(2)), None


def _within_posts(
    query: Tensor, key: Tensor, value: Tensor, scale: float, angles: Angles | None
) -> Tensor:
    lengths = lengths_of_the_row(query.shape[2])
    if query.dtype != torch.bfloat16:  # the trial, before the model is cast
        return _by_torch(query, key, value, scale, angles, lengths)
    out: Tensor = CausalAttention.apply(  # type: ignore[no-untyped-call]
        query, key, value, scale, lengths, *(angles or ())
    )
    return out


def _by_torch(
    query: Tensor, key: Tensor, value: Tensor, scale: float, angles: Angles | None, lengths: Tensor
) -> Tensor:
    """What the library computes, by torch's operations in fp32."""
    length = query.shape[2]
    if angles:
        query, key = _rotated(query, *angles), _rotated(key, *angles)
    post = torch.arange(len(lengths)).repeat_interleave(lengths - 1)
    mask = torch.zeros(length, length, dtype=torch.bool)
    mask[1:, 1:] = (post[:, None] == post).tril()
    mask[:, 0] = True
    shared = query.shape[1] // key.shape[1]
    keys, values = (tensor.repeat_interleave(shared, dim=1) for tensor in (key, value))
    tried = functional.scaled_dot_product_attention(query, keys, values, mask, scale=scale)
    return tried.transpose(1, 2)


def _rotated(states: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """`states` rotated by the first half of the angles, to which the second half is taken equal."""
    first, second = states.chunk(2, dim=-1)
    cosine, sine = (table.chunk(2, dim=-1)[0] for table in (cosines, sines))
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)
