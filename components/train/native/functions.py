"""The parts of a training step that are no matrix products, as torch's functions, in bf16."""

import ctypes
from ctypes import byref, c_double, c_int64, c_void_p
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from components.train.native.library import load

LANES = 16
"""Floats of a vector: widths must be multiples of it."""


class RmsNorm(torch.autograd.Function):
    """Llama's norm of [..., width]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        """Of `x` and `weight` in bf16."""
        x = x.contiguous()
        y, width = torch.empty_like(x), x.shape[-1]
        rows = x.numel() // width
        factors = torch.empty(rows, dtype=torch.float32)
        _call(load().rms_norm, x, weight, rows, width, eps, y, factors)
        ctx.save_for_backward(x, weight, factors)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients, from that of what forward gave."""
        x, weight, factors = ctx.saved_tensors
        of_x, of_weight, width = torch.empty_like(x), torch.empty_like(weight), x.shape[-1]
        sums = torch.empty(width, dtype=torch.float32)
        _call(
            load().rms_norm_back, x, weight, factors, outer.contiguous(), len(factors), width,
            sums, of_x, of_weight,
        )  # fmt: skip
        return of_x, of_weight, None


class SwiGlu(torch.autograd.Function):
    """silu(gate) * up."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        """Of two tensors of one shape."""
        gate, up = gate.contiguous(), up.contiguous()
        y = torch.empty_like(gate)
        _call(load().swiglu, gate, up, gate.numel(), y)
        ctx.save_for_backward(gate, up)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, ...]:
        """The gradients, from that of what forward gave."""
        gate, up = ctx.saved_tensors
        of_gate, of_up = torch.empty_like(gate), torch.empty_like(up)
        _call(load().swiglu_back, gate, up, outer.contiguous(), gate.numel(), of_gate, of_up)
        return of_gate, of_up


class Gelu(torch.autograd.Function):
    """GPT-2's activation, the tanh form of GELU."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Of a tensor of any shape."""
        x = x.contiguous()
        y = torch.empty_like(x)
        _call(load().gelu, x, x.numel(), y)
        ctx.save_for_backward(x)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> Tensor:
        """The gradients, from that of what forward gave."""
        (x,) = ctx.saved_tensors
        of_x = torch.empty_like(x)
        _call(load().gelu_back, x, outer.contiguous(), x.numel(), of_x)
        return of_x


class Heads(ctypes.Structure):
    """A tensor [heads, tokens, head_dim], see native.h."""

    _fields_ = [("data", c_void_p), ("head", c_int64), ("token", c_int64)]


class AttentionShape(ctypes.Structure):
    """`struct attention` of native.h."""

    _fields_ = [
        ("lengths", c_void_p),
        *((name, c_int64) for name in ("posts", "longest", "heads", "kv_heads", "head_dim")),
        ("scale", c_double),
        ("cosines", c_void_p),
        ("sines", c_void_p),
    ]


class CausalAttention(torch.autograd.Function):
    """Softmax(q k^T scale) v, each token looking back in its post; keys and values may be shared.

    The token that all posts start with stands first in a single row, then come their others, one
    post behind the other.
    """

    @staticmethod
    def forward(
        ctx: Any,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        scale: float,
        lengths: Tensor,
        cosines: Tensor | None = None,
        sines: Tensor | None = None,
    ) -> Tensor:
        """[1, tokens, heads, head_dim] of q [1, heads, tokens, head_dim], k and v.

        `lengths` (int64) are those of the posts, in tokens, the start token among them. q and k are
        rotated by the angles of [1, tokens, head_dim], if any, of which the second half is as the
        first (rotary position embeddings).
        """
        q, k, v = (_with_last_axis_dense(tensor) for tensor in (q, k, v))
        _, heads, tokens, head_dim = q.shape
        angles = [None if t is None else t.to(q.dtype).contiguous() for t in (cosines, sines)]
        assert all(t is None or t.shape == (1, tokens, head_dim) for t in angles)
        shape = AttentionShape(
            lengths.data_ptr(), len(lengths), int(lengths.max()), heads, k.shape[1], head_dim,
            scale, *(None if table is None else table.data_ptr() for table in angles),
        )  # fmt: skip
        out = torch.empty(1, tokens, heads, head_dim, dtype=q.dtype)
        logsums = torch.empty(heads * int(lengths.sum()), dtype=torch.float32)
        places = [byref(_heads(tensor)) for tensor in (q, k, v, out.transpose(1, 2))]
        _call(load().attend, byref(shape), *places, logsums, _room(shape))
        ctx.save_for_backward(q, k, v, logsums, lengths, *angles)  # those that `shape` names, too
        ctx.shape = shape
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients, from that of what forward gave."""
        q, k, v, logsums, *_ = ctx.saved_tensors
        grads = [torch.empty_like(tensor) for tensor in (q, k, v)]
        outer = _with_last_axis_dense(outer.transpose(1, 2))
        places = [byref(_heads(tensor)) for tensor in (q, k, v)]
        of = [byref(_heads(tensor)) for tensor in (outer, *grads)]
        _call(load().attend_back, byref(ctx.shape), *places, logsums, *of, _room(ctx.shape))
        return (*grads, None, None, None, None)


def cross_entropy_in_place(logits: Tensor, targets: Tensor) -> Tensor:
    """The loss of each row of `logits` [rows, vocabulary], fp32 [rows, 1].

    Their gradients, softmax minus one-hot, are left in the logits' place.
    """
    losses = torch.empty(len(targets), 1, dtype=torch.float32)
    _call(load().cross_entropy, logits, targets, *logits.shape, losses)
    return losses


def _room(shape: AttentionShape) -> Tensor:
    return torch.empty(load().attention_room(byref(shape)), dtype=torch.float32)


def _heads(tensor: Tensor) -> Heads:
    return Heads(tensor.data_ptr(), *tensor.stride()[1:3])


def _with_last_axis_dense(tensor: Tensor) -> Tensor:
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


def _call(function: Any, *arguments: Any) -> None:
    """Call `function` with the addresses of the tensors among `arguments`, which live till then."""
    function(*(a.data_ptr() if isinstance(a, Tensor) else a for a in arguments))
