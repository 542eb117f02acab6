"""What several decoders do alike (see `Decoder`)."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from components.lm.decoding.cache import KVCache
from components.lm.decoding.shape import Shape
from components.lm.sampling import choose


class CachedDecoder:
    """A decoder whose rows lie in one KV cache."""

    def __init__(self, shape: Shape, dtype: torch.dtype, device: torch.device) -> None:
        """An empty cache for a model of this shape."""
        self._cache = KVCache(shape, dtype, device)
        self.vocabulary, self.positions = shape.vocabulary, shape.max_positions
        self.position_bytes = 2 * shape.layers * shape.kv_heads * shape.head_dim * dtype.itemsize

    @property
    def row_positions(self) -> int:
        """Positions that each row has room for now."""
        return self._cache.positions

    def resize(self, rows: int, positions: int) -> None:
        """Make room for `rows` of `positions`; what fits into both the old and the new stays."""
        self._cache.resize(rows, positions)

    def move(self, source: int, target: int, length: int) -> None:
        """Put the first `length` positions of row `source`, which is free then, into `target`."""
        self._cache.move(source, target, length)

    def save(self, row: int, length: int) -> list[Tensor]:
        """A copy of the first `length` positions of a row, for `load`."""
        return self._cache.save(row, length)

    def load(self, first: int, last: int, saved: list[Tensor]) -> None:
        """Put what `save` gave into the rows from `first` up to, not including, `last`."""
        self._cache.load(first, last, saved)


class DrawsWithTorch:
    """A decoder whose tokens torch draws."""

    def choose(
        self,
        logits: Tensor,
        temperatures: Sequence[float],
        top_ps: Sequence[float],
        draws: Sequence[Iterator[float]],
    ) -> list[int]:
        """Draw a token for each row of `logits`, as `Decoder` says."""
        tokens: list[int] = choose(logits, temperatures, top_ps, draws).tolist()
        return tokens
