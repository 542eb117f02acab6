"""The decoder in C for the GPT-2 and the Llama family: int8 products over a bf16 KV cache."""

import ctypes
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from components.lm.decoding.bases import CachedDecoder
from components.lm.decoding.low_rank import AdapterWeights
from components.lm.decoding.native import library
from components.lm.decoding.native.adapters import NativeAdapter, by_adapter, tiles_of
from components.lm.decoding.native.layout import GROUP, Cache, NativeBatch
from components.lm.decoding.native.sampling import choose_natively
from components.lm.decoding.native.weights import NativeWeights
from components.lm.decoding.protocol import Chunk
from components.lm.decoding.shape import Shape

CPU = torch.device("cpu")


class NativeDecoder(CachedDecoder):
    """One call of the library a step (see `Decoder`)."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        """Load the weights in `folder`; the library must be `available`.

        Raises:
            BadInputError: some are missing or damaged.
        """
        super().__init__(shape, torch.bfloat16, CPU)
        self._shape = shape
        self._library, self._level = library.load(), library.level_number()
        self._weights = NativeWeights(folder, shape)
        self._layers = self._addresses()
        self._workspace = torch.empty(0, dtype=torch.uint8)
        self.weight_bytes = self._weights.bytes

    def resize(self, rows: int, positions: int) -> None:
        """Make room for `rows` of `positions`; what fits into both the old and the new stays."""
        super().resize(rows, positions)
        self._layers = self._addresses()

    def load_adapter(self, folder: Path) -> NativeAdapter:
        """The adapter in `folder`, for `step`, as `Decoder` says."""
        model = self._weights.model
        return NativeAdapter(AdapterWeights(folder, self._shape, model.inner), model)

    def step(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        chunks: Sequence[Chunk] = (),
        adapters: Sequence[NativeAdapter | None] = (),
    ) -> Tensor:
        """Read tokens of rows that write, and chunks of prompts; gives logits as `Decoder` says."""
        ids, rows, places = list(tokens), list(range(len(tokens))), list(positions)
        wanted = list(rows)
        for row, chunk in enumerate(chunks, len(tokens)):
            end = len(ids) + len(chunk.ids)
            wanted += range(len(ids) if chunk.all_logits else end - 1, end)
            ids += chunk.ids
            rows += [row] * len(chunk.ids)
            places += range(chunk.start, chunk.start + len(chunk.ids))
        self._check(ids, rows, places)
        logits = torch.empty(len(wanted), self._weights.model.head.outputs)
        if ids:
            batch = _laid_out(ids, rows, places, wanted, adapters)
            batch.logits = logits.data_ptr()
            self._run(batch)
        return logits[:, : self.vocabulary]

    def choose(
        self,
        logits: Tensor,
        temperatures: Sequence[float],
        top_ps: Sequence[float],
        draws: Sequence[Iterator[float]],
    ) -> list[int]:
        """Draw a token for each row of `logits`, as `Decoder` says."""
        return choose_natively(logits, temperatures, top_ps, draws)

    def _run(self, batch: NativeBatch) -> None:
        cache = Cache(self._layers, self._cache.positions)
        threads = torch.get_num_threads()
        place = self._room(batch, threads)
        model = self._weights.model
        self._library.native_step(model, batch, cache, place, threads, self._level)

    def _check(self, ids: Sequence[int], rows: Sequence[int], positions: Sequence[int]) -> None:
        """The library trusts its input."""
        longest = min(self._cache.positions, self.positions)
        limits = (self.vocabulary, self._cache.rows, longest)
        for values, limit in zip((ids, rows, positions), limits, strict=True):
            if values and not 0 <= min(values) <= max(values) < limit:
                raise IndexError(f"from {min(values)} to {max(values)}, not from 0 to {limit - 1}")

    def _room(self, batch: NativeBatch, threads: int) -> int:
        """The address of memory for a step; it is kept for the next ones."""
        model, positions = self._weights.model, self._cache.positions
        needed = self._library.native_workspace
        size = needed(model, batch.tokens, batch.ranks, positions, threads) + GROUP
        if len(self._workspace) < size:
            self._workspace = torch.empty(size, dtype=torch.uint8)
        return -(-self._workspace.data_ptr() // GROUP) * GROUP

    def _addresses(self) -> "ctypes.Array[ctypes.c_void_p]":
        layers = [layer.data_ptr() for layer in self._cache.layers]
        return (ctypes.c_void_p * len(layers))(*layers)


def _laid_out(
    ids: Sequence[int],
    rows: Sequence[int],
    positions: Sequence[int],
    wanted: Sequence[int],
    adapters: Sequence[NativeAdapter | None],
) -> NativeBatch:
    """A batch without its logits; the tokens of an adapter, of each row's, are neighbours in it."""
    used = [one for one in adapters if one is not None]
    if not used:
        return NativeBatch.of(ids, rows, positions, wanted)
    order = by_adapter(rows, adapters)
    place = {token: number for number, token in enumerate(order)}
    sorted_rows = [rows[token] for token in order]
    return NativeBatch.of(
        [ids[token] for token in order],
        sorted_rows,
        [positions[token] for token in order],
        [place[token] for token in wanted],
        tiles_of([adapters[row] for row in sorted_rows]),
        max(one.ranks for one in used),
    )
