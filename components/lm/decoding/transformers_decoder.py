"""Any other causal language model: transformers' own code, a row at a time."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from components.contracts.errors import BadInputError
from components.lm.decoding.bases import DrawsWithTorch
from components.lm.decoding.protocol import Chunk
from components.lm.formats import Format
from components.lm.models import load_model


class TransformersDecoder(DrawsWithTorch):
    """Right for every family, and slow: each row has a cache of its own (see `Decoder`)."""

    def __init__(self, folder: Path, weight_dtype: Format, device: torch.device) -> None:
        """Load the model in `folder` with transformers; int8 is not among its formats.

        Raises:
            BadInputError: it cannot be loaded.
        """
        loaded = load_model(folder, dtype=weight_dtype.base, device=device)
        self._model, self._device = loaded.model, device
        config = loaded.model.config.get_text_config()
        self.vocabulary, self.positions = int(config.vocab_size), loaded.max_positions
        self.weight_bytes = sum(weight.nbytes for weight in loaded.model.parameters())
        self.position_bytes = _position_bytes(config, loaded.model.dtype)
        self.row_positions = 0
        self._caches: list[Any] = []

    def resize(self, rows: int, positions: int) -> None:
        """Make room for `rows`; each grows as it must."""
        self._caches = [*self._caches[:rows], *[None] * (rows - len(self._caches))]
        self.row_positions = positions

    def load_adapter(self, folder: Path) -> NoReturn:
        """Refuse, as `Decoder` says: adapters of other families have to be merged.

        Raises:
            BadInputError: always.
        """
        raise BadInputError(
            f"{folder} holds an adapter of a model that is neither of GPT-2's nor of Llama's "
            "family; train it with --publish merged"
        )

    @torch.inference_mode()
    def step(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        chunks: Sequence[Chunk] = (),
        adapters: Sequence[Any] = (),
    ) -> Tensor:
        """Read tokens of rows that write, and chunks of prompts; gives logits as `Decoder` says."""
        read = [Chunk(place, [token]) for token, place in zip(tokens, positions, strict=True)]
        return torch.cat([self._read(row, chunk) for row, chunk in enumerate([*read, *chunks])])

    def _read(self, row: int, chunk: Chunk) -> Tensor:
        if chunk.start == 0:
            self._caches[row] = None
        ids = torch.tensor([list(chunk.ids)], device=self._device)
        output = self._model(ids, cache=self._caches[row], use_cache=True)
        self._caches[row] = output.cache
        logits: Tensor = output.logits[0].float()
        return logits if chunk.all_logits else logits[-1:]

    def move(self, source: int, target: int, length: int) -> None:
        """Put row `source` into row `target`; `source` is free then."""
        self._caches[target] = self._caches[source]

    def save(self, row: int, length: int) -> Any:
        """A copy of a row, for `load`."""
        return copy.deepcopy(self._caches[row])

    def load(self, first: int, last: int, saved: Any) -> None:
        """Put what `save` gave into the rows from `first` up to, not including, `last`."""
        for row in range(first, last):
            self._caches[row] = copy.deepcopy(saved)


def _position_bytes(config: Any, dtype: torch.dtype) -> int:
    """Keys and values of one position, as if every layer looked at every one."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * int(config.num_hidden_layers) * int(heads) * int(width) * dtype.itemsize
