"""A decoder each of whose rows has the same adapter."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from components.lm.decoding.protocol import Adapter, Chunk, Decoder


class AdaptedDecoder:
    """A `Decoder` for whoever knows of one adapter alone."""

    def __init__(self, decoder: Decoder, adapter: Adapter) -> None:
        """`adapter` is what `decoder` loaded."""
        self._decoder, self._adapter = decoder, adapter
        self.vocabulary, self.positions = decoder.vocabulary, decoder.positions
        self.weight_bytes = decoder.weight_bytes + adapter.bytes
        self.position_bytes = decoder.position_bytes
        self.resize, self.move = decoder.resize, decoder.move
        self.save, self.load = decoder.save, decoder.load
        self.choose, self.load_adapter = decoder.choose, decoder.load_adapter

    @property
    def row_positions(self) -> int:
        """Positions that each row has room for now."""
        return self._decoder.row_positions

    def step(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        chunks: Sequence[Chunk] = (),
        adapters: Sequence[Any] = (),
    ) -> Tensor:
        """Read tokens of rows that write, and chunks of prompts; gives logits as `Decoder` says."""
        own = [self._adapter] * (len(tokens) + len(chunks))
        chosen = [one or other for one, other in zip(adapters or own, own, strict=True)]
        return self._decoder.step(tokens, positions, chunks, chosen)
