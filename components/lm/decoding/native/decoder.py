"""The decoder in C for the GPT-2 and the Llama family: int8 products, a bf16 KV cache."""

import ctypes
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from components.lm.decoding.cache import KVCache
from components.lm.decoding.native import library
from components.lm.decoding.native.build import LEVELS
from components.lm.decoding.native.layout import Batch, Cache
from components.lm.decoding.native.weights import NativeWeights
from components.lm.decoding.protocol import Chunk
from components.lm.decoding.shape import Shape

CPU = torch.device("cpu")


class NativeDecoder:
    """One call a step; what is padded or shared is the library's business (see `Decoder`)."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        """Load the weights in `folder`; the library must be `available`.

        Raises:
            BadInputError: some are missing or damaged.
        """
        loaded, level = library.load(), library.level()
        if loaded is None or level is None:
            raise RuntimeError("there is no library; ask `available` first")
        self._library, self._level = loaded, list(LEVELS).index(level)
        self._weights = NativeWeights(folder, shape)
        self._cache = KVCache(shape, torch.bfloat16, CPU)
        self._workspace = torch.empty(0, dtype=torch.uint8)
        self.vocabulary, self.positions = shape.vocabulary, shape.max_positions
        self.weight_bytes = self._weights.bytes
        self.position_bytes = 4 * shape.layers * shape.kv_heads * shape.head_dim

    @property
    def row_positions(self) -> int:
        """Positions that each row has room for now."""
        return self._cache.positions

    def resize(self, rows: int, positions: int) -> None:
        """Make room for `rows` of `positions`; what fits into both the old and the new stays."""
        self._cache.resize(rows, positions)

    def step(
        self, tokens: Sequence[int], positions: Sequence[int], chunks: Sequence[Chunk] = ()
    ) -> Tensor:
        """Read tokens of rows that write, and chunks of prompts; gives logits as `Decoder` says."""
        ids, rows, places = list(tokens), list(range(len(tokens))), list(positions)
        wanted = list(range(len(tokens)))
        for row, chunk in enumerate(chunks, len(tokens)):
            end = len(ids) + len(chunk.ids)
            wanted += range(len(ids) if chunk.all_logits else end - 1, end)
            ids += chunk.ids
            rows += [row] * len(chunk.ids)
            places += range(chunk.start, chunk.start + len(chunk.ids))
        return self._run(ids, rows, places, wanted)

    def move(self, source: int, target: int, length: int) -> None:
        """Put the first `length` positions of row `source`, which is free then, into `target`."""
        self._cache.move(source, target, length)

    def save(self, row: int, length: int) -> list[Tensor]:
        """A copy of the first `length` positions of a row, for `load`."""
        return self._cache.save(row, length)

    def load(self, first: int, last: int, saved: list[Tensor]) -> None:
        """Put what `save` gave into the rows from `first` up to, not including, `last`."""
        self._cache.load(first, last, saved)

    def _run(
        self, ids: Sequence[int], rows: Sequence[int], positions: Sequence[int],
        wanted: Sequence[int],
    ) -> Tensor:  # fmt: skip
        """One step of the library; it looks at none of these numbers twice, so they are checked."""
        lists = [torch.tensor(values, dtype=torch.int32) for values in (ids, rows, positions, wanted)]
        self._check(*lists[:3])
        model = self._weights.model
        logits = torch.empty(len(wanted), model.head.outputs)
        pointers = [values.data_ptr() for values in lists]
        batch = Batch(len(ids), *pointers[:3], len(wanted), pointers[3], logits.data_ptr())
        layers = [layer.data_ptr() for layer in self._cache.layers]
        cache = Cache((ctypes.c_void_p * len(layers))(*layers), self._cache.positions)
        threads = torch.get_num_threads()
        size = self._library.native_workspace(model, len(ids), self._cache.positions, threads)
        if len(self._workspace) < size + 64:
            self._workspace = torch.empty(size + 64, dtype=torch.uint8)
        place = self._workspace.data_ptr() + 63 & ~63
        self._library.native_step(model, batch, cache, place, threads, self._level)
        return logits[:, : self.vocabulary]

    def _check(self, ids: Tensor, rows: Tensor, positions: Tensor) -> None:
        limits = ((ids, self.vocabulary), (rows, self._cache.rows),
                  (positions, min(self._cache.positions, self.positions)))  # fmt: skip
        for values, limit in limits:
            if len(values) and not 0 <= int(values.min()) <= int(values.max()) < limit:
                raise IndexError(f"{values.tolist()} are not all from 0 to {limit - 1}")
