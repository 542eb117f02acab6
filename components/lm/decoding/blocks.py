"""The layers of the two families that the decoder writes by itself: GPT-2 and Llama."""

from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, rms_norm

from components.lm.decoding.linear import DTYPES, Activation, Linear
from components.lm.decoding.shape import Shape
from components.lm.decoding.step import BatchStep
from components.lm.decoding.weights import Weights
from components.lm.formats import Format


class BlockWeights:
    """Makes the parts of a model from its weights, in one dtype on one device."""

    def __init__(
        self, shape: Shape, weights: Weights, weight_dtype: Format, device: torch.device
    ) -> None:
        """Remember where to take weights from and how to keep them."""
        self.shape, self.weights = shape, weights
        self._format, self._device = weight_dtype, device
        self.dtype = DTYPES[weight_dtype.base]
        self.bytes = 0

    def table(self, name: str) -> Tensor:
        """A table of embeddings."""
        return self._kept(name, self.dtype)

    def norm(self, name: str) -> Tensor:
        """A norm's weight or bias: these, and the sums of layers, stay fp32 in every format.

        So bf16 costs 0.1% in bits per byte and not 0.5% (SmolLM2-135M, untrained, on posts).
        """
        return self._kept(name, torch.float32)

    def _kept(self, name: str, dtype: torch.dtype) -> Tensor:
        """A copy, so that the file is not held open by it."""
        values = self.weights.get(name).to(self._device, dtype, copy=True).contiguous()
        self.bytes += values.nbytes
        return values

    def linear(
        self, weight: Tensor, bias: Tensor | None = None, activation: Activation = "none"
    ) -> Linear:
        """A matrix product with `weight` [out, in]."""
        made = Linear(weight, bias, self._format, self._device, activation)
        self.bytes += made.bytes
        return made


class Layer(Protocol):
    """One layer: attention, then the MLP."""

    def __call__(self, rows: Tensor, step: BatchStep) -> Tensor:
        """What `rows` [tokens, hidden_size], always fp32 and then lost, are after this layer."""
        ...


class Gpt2Layer:
    """A layer of GPT-2 (Radford et al. 2019), as transformers' GPT2Block computes it."""

    def __init__(self, number: int, parts: BlockWeights) -> None:
        """Take the weights of layer `number`."""
        name = f"h.{number}."
        self._number, self._shape, self._dtype = number, parts.shape, parts.dtype
        self._norms = [
            (parts.norm(f"{name}ln_{n}.weight"), parts.norm(f"{name}ln_{n}.bias")) for n in (1, 2)
        ]
        self._qkv = _conv1d(parts, name + "attn.c_attn")
        self._out = _conv1d(parts, name + "attn.c_proj")
        self._up = _conv1d(parts, name + "mlp.c_fc", "gelu")
        self._down = _conv1d(parts, name + "mlp.c_proj")

    def __call__(self, rows: Tensor, step: BatchStep) -> Tensor:
        """What `rows` [tokens, hidden_size], always fp32 and then lost, are after this layer."""
        heads = self._shape.heads
        change = partial(step.changes.of, self._number)
        qkv = self._qkv(self._norm(rows, 0), change("qkv")).view(len(rows), 3 * heads, -1)
        seen = step.attend(self._number, qkv[:, :heads], qkv[:, heads:])
        rows = self._out.plus(seen, rows, change("out"))
        inner = self._up(self._norm(rows, 1), change("up"))
        return self._down.plus(inner, rows, change("down"))

    def _norm(self, rows: Tensor, which: int) -> Tensor:
        weight, bias = self._norms[which]
        return layer_norm(rows, (self._shape.hidden_size,), weight, bias, self._shape.eps).to(
            self._dtype
        )


def _conv1d(parts: BlockWeights, name: str, activation: Activation = "none") -> Linear:
    """GPT-2 keeps its matrices as [in, out]."""
    weight = parts.weights.get(name + ".weight").t()
    return parts.linear(weight, parts.weights.get(name + ".bias"), activation)


class LlamaLayer:
    """A layer of Llama (Touvron et al. 2023), as transformers' LlamaDecoderLayer computes it."""

    def __init__(self, number: int, parts: BlockWeights, rotary: "Rotary") -> None:
        """Take the weights of layer `number`."""
        name = f"layers.{number}."
        self._number, self._shape, self._dtype = number, parts.shape, parts.dtype
        self._rotary = rotary
        self._norm_in = parts.norm(name + "input_layernorm.weight")
        self._norm_mlp = parts.norm(name + "post_attention_layernorm.weight")
        attention = name + "self_attn."
        self._qkv = _joined(parts, [attention + part for part in ("q_proj", "k_proj", "v_proj")])
        self._out = _joined(parts, [attention + "o_proj"])
        self._gate_up = _joined(parts, [name + "mlp.gate_proj", name + "mlp.up_proj"])
        self._down = _joined(parts, [name + "mlp.down_proj"])

    def __call__(self, rows: Tensor, step: BatchStep) -> Tensor:
        """What `rows` [tokens, hidden_size], always fp32 and then lost, are after this layer."""
        heads, kv_heads = self._shape.heads, self._shape.kv_heads
        change = partial(step.changes.of, self._number)
        qkv = self._qkv(self._norm(rows, self._norm_in), change("qkv"))
        qkv = qkv.view(len(rows), heads + 2 * kv_heads, -1)
        self._rotary.apply(qkv[:, : heads + kv_heads], step)
        seen = step.attend(self._number, qkv[:, :heads], qkv[:, heads:])
        rows = self._out.plus(seen, rows, change("out"))
        gate, up = self._gate_up(self._norm(rows, self._norm_mlp), change("up")).chunk(2, dim=1)
        return self._down.plus(nn.functional.silu(gate).mul_(up), rows, change("down"))

    def _norm(self, rows: Tensor, weight: Tensor) -> Tensor:
        return rms_norm(rows, (self._shape.hidden_size,), weight, self._shape.eps).to(self._dtype)


def _joined(parts: BlockWeights, names: list[str]) -> Linear:
    """Several matrices of the same input as one product."""
    weights = parts.weights
    biases = [weights.get(f"{name}.bias") for name in names if weights.has(f"{name}.bias")]
    bias = torch.cat(biases) if biases else None
    return parts.linear(torch.cat([weights.get(f"{name}.weight") for name in names]), bias)


def angles_of(shape: Shape) -> Tensor:
    """By how much each pair of values turns at each position: [max_positions, head_dim / 2]."""
    half = shape.head_dim // 2
    speeds = shape.rope_theta ** -(torch.arange(half).float() / half)
    return torch.arange(shape.max_positions).float()[:, None] * speeds


class Rotary:
    """Rotary position embedding (Su et al. 2021, arXiv:2104.09864), halves turned as in Llama."""

    def __init__(self, shape: Shape, dtype: torch.dtype, device: torch.device) -> None:
        """Prepare the angles of every position of the context."""
        angles = angles_of(shape)
        self._half = angles.shape[1]
        self._cos = torch.cat((angles.cos(), angles.cos()), 1).to(device, dtype)
        self._sin = torch.cat((-angles.sin(), angles.sin()), 1).to(device, dtype)
        self._step: BatchStep | None = None

    def apply(self, heads: Tensor, step: BatchStep) -> None:
        """Turn `heads` [tokens, heads, head_dim] in place by their positions."""
        if step is not self._step:  # the same for every layer
            self._step = step
            self._cos_now = self._cos[step.positions][:, None]
            self._sin_now = self._sin[step.positions][:, None]
        turned = heads.roll(self._half, -1)
        heads.mul_(self._cos_now).addcmul_(turned, self._sin_now)
