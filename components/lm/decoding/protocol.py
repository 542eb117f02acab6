"""What a decoder with slots can do, whichever way it computes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor


@dataclass(frozen=True)
class Chunk:
    """Tokens of a prompt that are read in one step."""

    start: int
    """The position of the first of them; those before it were read already."""
    ids: Sequence[int]
    """At least one."""
    all_logits: bool = False
    """Give the logits after each of them and not after the last alone."""


class Adapter(Protocol):
    """What one decoder adds to its model for the rows that have it."""

    @property
    def bytes(self) -> int:
        """The memory that it takes."""
        ...


class Decoder(Protocol):
    """A model with room for rows of tokens, each of its own length."""

    vocabulary: int
    positions: int
    """The context length in tokens."""
    weight_bytes: int
    position_bytes: int
    """The size of the KV cache of one position of one row."""

    @property
    def row_positions(self) -> int:
        """Positions that each row has room for now."""
        ...

    def resize(self, rows: int, positions: int) -> None:
        """Make room for `rows` of `positions`; what fits into both the old and the new stays."""
        ...

    def load_adapter(self, folder: Path) -> Adapter:
        """The low-rank adapter in `folder`, for `step`.

        Raises:
            BadInputError: it is none, or of another model than this.
        """
        ...

    def step(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        chunks: Sequence[Chunk] = (),
        adapters: Sequence[Any] = (),
    ) -> Tensor:
        """Read one token for each of the first rows, and chunks of prompts in the rows after them.

        Args:
            tokens: the newest token of rows 0, 1, ….
            positions: its position in each.
            chunks: what rows `len(tokens)`, `len(tokens) + 1`, … read.
            adapters: for each row what `load_adapter` gave, or None; none at all if left out.

        Returns:
            The logits as fp32 [n, vocabulary]: one for each of `tokens`, then each chunk's.
        """
        ...

    def choose(
        self,
        logits: Tensor,
        temperatures: Sequence[float],
        top_ps: Sequence[float],
        draws: Sequence[Iterator[float]],
    ) -> list[int]:
        """Draw a token for each row of logits that `step` gave, as `lm.sampling.choose` does."""
        ...

    def move(self, source: int, target: int, length: int) -> None:
        """Put the first `length` positions of row `source`, which is free then, into `target`."""
        ...

    def save(self, row: int, length: int) -> Any:
        """A copy of the first `length` positions of a row, for `load`."""
        ...

    def load(self, first: int, last: int, saved: Any) -> None:
        """Put what `save` gave into the rows from `first` up to, not including, `last`."""
        ...
