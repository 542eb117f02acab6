"""A model's weights as the library reads them."""

from pathlib import Path

import torch
from torch import Tensor

from components.lm.decoding.blocks import angles_of
from components.lm.decoding.native.huge_pages import HugePages
from components.lm.decoding.native.layout import (
    FAMILIES,
    GROUP,
    Matrix,
    NativeLayer,
    NativeModel,
    Norm,
)
from components.lm.decoding.native.pack import joined, pack
from components.lm.decoding.shape import Shape
from components.lm.decoding.weight_shapes import EMBEDDINGS, PREFIXES, head_of
from components.lm.decoding.weights import Weights, inner_size


class NativeWeights:
    """`struct model`, and the memory that it points into."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        """Load what lies in `folder`.

        Raises:
            BadInputError: some are missing or damaged.
        """
        self._kept: list[Tensor] = []
        self._memory = HugePages()
        self._shape = shape
        with Weights(folder, PREFIXES[shape.family]) as self._files:
            self.model = self._gpt2() if shape.family == "gpt2" else self._llama()
        del self._files
        self.bytes = sum(tensor.nbytes for tensor in self._kept)

    def _gpt2(self) -> NativeModel:
        layers = [self._gpt2_layer(f"h.{number}.") for number in range(self._shape.layers)]
        model = self._model(layers, "ln_f")
        model.position_embedding = self._keep(self._files.get("wpe.weight").bfloat16())
        return model

    def _llama(self) -> NativeModel:
        layers = [self._llama_layer(f"layers.{number}.") for number in range(self._shape.layers)]
        model = self._model(layers, "norm")
        model.cosines, model.sines = self._rotary()
        return model

    def _model(self, layers: list[NativeLayer], last_norm: str) -> NativeModel:
        """What both families have."""
        shape = self._shape
        inner = inner_size(shape, self._files)
        model = NativeModel(
            FAMILIES.index(shape.family), shape.layers, shape.hidden_size, shape.heads,
            shape.kv_heads, shape.head_dim, inner, shape.eps,
        )  # fmt: skip
        model.embedding = self._keep(self._files.get(EMBEDDINGS[shape.family]).bfloat16())
        model.layer = (NativeLayer * len(layers))(*layers)
        model.last_norm = self._norm(last_norm)
        model.head = self._pack(self._files.get(head_of(shape)))
        return model

    def _gpt2_layer(self, name: str) -> NativeLayer:
        return NativeLayer(
            self._norm(name + "ln_1"),
            self._norm(name + "ln_2"),
            self._conv1d(name + "attn.c_attn"),
            self._conv1d(name + "attn.c_proj"),
            self._conv1d(name + "mlp.c_fc"),
            self._conv1d(name + "mlp.c_proj"),
        )

    def _llama_layer(self, name: str) -> NativeLayer:
        qkv = [f"{name}self_attn.{part}_proj" for part in ("q", "k", "v")]
        return NativeLayer(
            self._norm(name + "input_layernorm"),
            self._norm(name + "post_attention_layernorm"),
            self._joined(qkv),
            self._joined([name + "self_attn.o_proj"]),
            self._joined([name + "mlp.gate_proj", name + "mlp.up_proj"], GROUP),
            self._joined([name + "mlp.down_proj"]),
        )

    def _norm(self, name: str) -> Norm:
        weight = self._keep(self._files.get(name + ".weight").float())
        if self._shape.family == "llama":
            return Norm(weight, None)
        return Norm(weight, self._keep(self._files.get(name + ".bias").float()))

    def _conv1d(self, name: str) -> Matrix:
        """GPT-2 keeps its matrices as [in, out]."""
        return self._pack(self._files.get(name + ".weight").t(), self._files.get(name + ".bias"))

    def _joined(self, names: list[str], multiple: int = 1) -> Matrix:
        """Several matrices of the same input as one product."""
        files = self._files
        weight = joined([files.get(f"{name}.weight") for name in names], multiple)
        biases = [files.get(f"{name}.bias") for name in names if files.has(f"{name}.bias")]
        return self._pack(weight, joined(biases, multiple) if biases else None)

    def _rotary(self) -> tuple[int, int]:
        """The cosines and sines of every position."""
        angles = angles_of(self._shape)
        return self._keep(angles.cos()), self._keep(angles.sin())

    def _pack(self, weight: Tensor, bias: Tensor | None = None) -> Matrix:
        matrix, kept = pack(weight, bias, self._memory)
        self._kept += kept
        return matrix

    def _keep(self, tensor: Tensor) -> int:
        """The address of a copy that stays: the files are not held open by it."""
        self._kept.append(tensor.clone(memory_format=torch.contiguous_format))
        return self._kept[-1].data_ptr()
