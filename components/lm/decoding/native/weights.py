"""A model's weights as the library reads them."""

import ctypes
from pathlib import Path

import torch
from torch import Tensor

from components.lm.decoding.fast import EMBEDDINGS, PREFIXES
from components.lm.decoding.native.layout import (
    GPT2,
    GROUP,
    LLAMA,
    Layer,
    Matrix,
    Model,
    Norm,
    rounded_up,
)
from components.lm.decoding.native.pack import Packed, pack
from components.lm.decoding.shape import Shape
from components.lm.decoding.weights import Weights


class NativeWeights:
    """`struct model`, and the memory that it points into."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        """Load what lies in `folder`.

        Raises:
            BadInputError: some are missing or damaged.
        """
        self._kept: list[Tensor] = []
        self._shape = shape
        self._llama = shape.family == "llama"
        with Weights(folder, PREFIXES[shape.family]) as self._files:
            self.model = self._model()
        self.bytes = sum(tensor.nbytes for tensor in self._kept)

    def _model(self) -> Model:
        shape = self._shape
        layers = [self._llama_layer(n) if self._llama else self._gpt2_layer(n)
                  for n in range(shape.layers)]  # fmt: skip
        embedding = EMBEDDINGS[shape.family]
        head = embedding if shape.tied else "lm_head.weight"
        inner = "layers.0.mlp.down_proj.weight" if self._llama else "h.0.mlp.c_proj.weight"
        model = Model(
            LLAMA if self._llama else GPT2, shape.layers, shape.hidden_size, shape.heads,
            shape.kv_heads, shape.head_dim, self._files.get(inner).shape[1 if self._llama else 0],
            shape.eps, self._keep(self._files.get(embedding).to(torch.bfloat16)),
        )  # fmt: skip
        model.layer = (Layer * len(layers))(*layers)
        model.last_norm = self._norm("norm") if self._llama else self._norm("ln_f")
        model.head = self._packed(pack(self._files.get(head)))
        if self._llama:
            model.cosines, model.sines = self._rotary()
        else:
            model.position_embedding = self._keep(self._files.get("wpe.weight").to(torch.bfloat16))
        return model

    def _gpt2_layer(self, number: int) -> Layer:
        name = f"h.{number}."
        return Layer(
            self._norm(name + "ln_1"), self._norm(name + "ln_2"),
            self._conv1d(name + "attn.c_attn"), self._conv1d(name + "attn.c_proj"),
            self._conv1d(name + "mlp.c_fc"), self._conv1d(name + "mlp.c_proj"),
        )  # fmt: skip

    def _llama_layer(self, number: int) -> Layer:
        name = f"layers.{number}."
        qkv = [f"{name}self_attn.{part}_proj" for part in "qkv"]
        return Layer(
            self._norm(name + "input_layernorm"), self._norm(name + "post_attention_layernorm"),
            self._joined(qkv), self._joined([name + "self_attn.o_proj"]),
            self._joined([name + "mlp.gate_proj", name + "mlp.up_proj"], GROUP),
            self._joined([name + "mlp.down_proj"]),
        )  # fmt: skip

    def _norm(self, name: str) -> Norm:
        weight = self._keep(self._files.get(name + ".weight").float())
        return Norm(weight, None if self._llama else self._keep(self._files.get(name + ".bias").float()))

    def _conv1d(self, name: str) -> Matrix:
        """GPT-2 keeps its matrices as [in, out]."""
        return self._packed(pack(self._files.get(name + ".weight").t(), self._files.get(name + ".bias")))

    def _joined(self, names: list[str], multiple: int = 1) -> Matrix:
        """Several matrices of the same input as one, the outputs of each padded to a multiple."""
        weight = torch.cat([_padded(self._files.get(f"{name}.weight"), multiple) for name in names])
        biases = [f"{name}.bias" for name in names if self._files.has(f"{name}.bias")]
        bias = torch.cat([_padded(self._files.get(name), multiple) for name in biases]) if biases else None
        return self._packed(pack(weight, bias))

    def _rotary(self) -> tuple[int, int]:
        """The cosines and sines of every position (Su et al. 2021, arXiv:2104.09864)."""
        half = self._shape.head_dim // 2
        speeds = self._shape.rope_theta ** -(torch.arange(half).float() / half)
        angles = torch.arange(self._shape.max_positions).float()[:, None] * speeds
        return self._keep(angles.cos()), self._keep(angles.sin())

    def _packed(self, packed: Packed) -> Matrix:
        self._kept += packed.tensors
        made: Matrix = packed.structure
        return made

    def _keep(self, tensor: Tensor) -> int:
        """The address of a tensor that stays where it is."""
        self._kept.append(tensor.contiguous())
        return self._kept[-1].data_ptr()


def _padded(values: Tensor, multiple: int) -> Tensor:
    """`values` [out, …] with rows of zeros up to a multiple."""
    more = rounded_up(len(values), multiple) - len(values)
    return torch.cat((values, values.new_zeros(more, *values.shape[1:]))) if more else values
