"""The fast decoder for the GPT-2 and the Llama family: prepacked weights over a KV cache."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, rms_norm

from components.lm.decoding.bases import CachedDecoder, DrawsWithTorch
from components.lm.decoding.blocks import BlockWeights, Gpt2Layer, Layer, LlamaLayer, Rotary
from components.lm.decoding.changes import TorchAdapter
from components.lm.decoding.linear import DTYPES
from components.lm.decoding.low_rank import AdapterWeights
from components.lm.decoding.protocol import Chunk
from components.lm.decoding.shape import Shape
from components.lm.decoding.step import BatchStep
from components.lm.decoding.weight_shapes import EMBEDDINGS, PREFIXES, head_of
from components.lm.decoding.weights import Weights, inner_size
from components.lm.formats import Format


class FastDecoder(CachedDecoder, DrawsWithTorch):
    """Computes with prepacked weights, over slots of a KV cache (see `Decoder`)."""

    def __init__(
        self, folder: Path, shape: Shape, weight_dtype: Format, device: torch.device
    ) -> None:
        """Load the weights in `folder`.

        Raises:
            BadInputError: some are missing or damaged.
        """
        dtype = DTYPES[weight_dtype.base]
        super().__init__(shape, dtype, device)
        self._shape = shape
        with Weights(folder, PREFIXES[shape.family]) as weights:
            parts = BlockWeights(shape, weights, weight_dtype, device)
            self._embedding = parts.table(EMBEDDINGS[shape.family])
            self._places = parts.table("wpe.weight") if shape.family == "gpt2" else None
            self._layers = _layers(parts, dtype, device)
            self._norm = [parts.norm(name) for name in _final_norm(shape)]
            self._head = parts.linear(weights.get(head_of(shape)))
            self._inner = inner_size(shape, weights)
        self.weight_bytes = parts.bytes

    def load_adapter(self, folder: Path) -> TorchAdapter:
        """The adapter in `folder`, for `step`, as `Decoder` says."""
        weights = AdapterWeights(folder, self._shape, self._inner)
        like = self._embedding
        return TorchAdapter(weights, self._shape.layers, like.dtype, like.device)

    @torch.inference_mode()
    def step(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        chunks: Sequence[Chunk] = (),
        adapters: Sequence[TorchAdapter | None] = (),
    ) -> Tensor:
        """Read tokens of rows that write, and chunks of prompts; gives logits as `Decoder` says."""
        step = BatchStep(self._cache, tokens, positions, chunks, adapters, self._embedding)
        rows = self._embedding[step.ids].float()
        if self._places is not None:
            rows = rows + self._places[step.positions]
        for layer in self._layers:
            rows = layer(rows, step)
        if step.wanted is not None:
            rows = rows[step.wanted]
        return self._head(self._final(rows).to(self._embedding.dtype)).float()

    def _final(self, rows: Tensor) -> Tensor:
        size, eps = (self._shape.hidden_size,), self._shape.eps
        if self._shape.family == "llama":
            return rms_norm(rows, size, self._norm[0], eps)
        return layer_norm(rows, size, self._norm[0], self._norm[1], eps)


def _final_norm(shape: Shape) -> tuple[str, ...]:
    return ("norm.weight",) if shape.family == "llama" else ("ln_f.weight", "ln_f.bias")


def _layers(parts: BlockWeights, dtype: torch.dtype, device: torch.device) -> list[Layer]:
    numbers = range(parts.shape.layers)
    if parts.shape.family == "gpt2":
        return [Gpt2Layer(number, parts) for number in numbers]
    rotary = Rotary(parts.shape, dtype, device)
    return [LlamaLayer(number, parts, rotary) for number in numbers]
