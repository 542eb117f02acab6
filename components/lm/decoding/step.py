"""One step of a batch: which tokens it reads, where they are kept, what each may look at."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from components.lm.decoding.cache import KVCache
from components.lm.decoding.changes import Changes, TorchAdapter
from components.lm.decoding.protocol import Chunk


class BatchStep:
    """Tokens of many rows as one flat list: first the rows that write, then prompts.

    Rows that write have one token each and look at their own slot with one query; the chunks of
    prompts are padded to one length for attention alone.
    """

    def __init__(
        self,
        cache: KVCache,
        tokens: Sequence[int],
        positions: Sequence[int],
        chunks: Sequence[Chunk],
        adapters: Sequence[TorchAdapter | None],
        like: Tensor,
    ) -> None:
        """Lay out a step; masks are made in the dtype and on the device of `like`."""
        self._cache, self._like = cache, like
        rows, places, ids = list(range(len(tokens))), list(positions), list(tokens)
        for row, chunk in enumerate(chunks, len(tokens)):
            rows += [row] * len(chunk.ids)
            places += range(chunk.start, chunk.start + len(chunk.ids))
            ids += chunk.ids
        self.changes = Changes(rows if any(adapters) else (), adapters, like.device)
        self.ids = self._numbers(ids)
        self.positions = self._numbers(places)
        self._places = cache.places(self._numbers(rows), self.positions)
        self._writing = len(tokens)
        self._lay_out_writing(positions)
        self._chunks = len(chunks)
        if chunks:
            self._lay_out_chunks(chunks)
        self.wanted = self._wanted(chunks)

    def attend(self, layer: int, queries: Tensor, keys_values: Tensor) -> Tensor:
        """What each token sees: [tokens, heads x head_dim].

        Args:
            layer: the layer's number.
            queries: [tokens, heads, head_dim].
            keys_values: [tokens, 2 x kv_heads, head_dim]; they are kept in the cache.
        """
        self._cache.store(layer, self._places, keys_values)
        slots = self._cache.layers[layer]
        seen = []
        if self._writing:
            own = slots[: self._writing, :, : self._longest]
            seen.append(_attend(queries[: self._writing, None], own, self._mask))
        if self._chunks:
            own = slots[self._writing : self._writing + self._chunks, :, : self._chunk_longest]
            padded = queries[self._pad].view(self._chunks, -1, *queries.shape[1:])
            seen.append(_attend(padded, own, self._chunk_mask)[self._unpad])
        return seen[0] if len(seen) == 1 else torch.cat(seen)

    def _lay_out_writing(self, positions: Sequence[int]) -> None:
        """Each row sees what is at its position or before it."""
        self._longest = max(positions, default=0) + 1
        self._mask: Tensor | None = None
        if len(set(positions)) > 1:
            self._mask = self._hide_after(self.positions[: self._writing, None], self._longest)

    def _lay_out_chunks(self, chunks: Sequence[Chunk]) -> None:
        """Pad the chunks to the longest; padding sees what it likes, and nobody looks at it."""
        lengths = [len(chunk.ids) for chunk in chunks]
        widest = max(lengths)
        pad: list[int] = []
        unpad: list[int] = []
        first = self._writing
        for number, length in enumerate(lengths):
            pad += [first + min(place, length - 1) for place in range(widest)]
            unpad += range(number * widest, number * widest + length)
            first += length
        self._pad, self._unpad = self._numbers(pad), self._numbers(unpad)
        self._chunk_longest = max(chunk.start + len(chunk.ids) for chunk in chunks)
        last = self.positions[self._pad].view(len(chunks), widest)
        self._chunk_mask = self._hide_after(last, self._chunk_longest)

    def _hide_after(self, last: Tensor, length: int) -> Tensor:
        """What is added to the scores of tokens [rows, queries] that see up to position `last`."""
        hidden = torch.arange(length, device=last.device) > last[..., None]
        mask = torch.zeros(hidden.shape, dtype=self._like.dtype, device=last.device)
        return mask.masked_fill_(hidden, -torch.inf)

    def _wanted(self, chunks: Sequence[Chunk]) -> Tensor | None:
        """The tokens whose logits are asked for; None for all of them."""
        if not chunks:
            return None
        wanted, first = list(range(self._writing)), self._writing
        for chunk in chunks:
            end = first + len(chunk.ids)
            wanted += range(first if chunk.all_logits else end - 1, end)
            first = end
        return self._numbers(wanted)

    def _numbers(self, values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=self._like.device)


def _attend(queries: Tensor, slots: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of [rows, queries, heads, head_dim] over [rows, 2 x kv_heads, positions, head_dim].

    The heads that share keys and values stand beside the queries, so that these are read once.
    Gives [rows x queries, heads x head_dim].
    """
    rows, length, heads, head_dim = queries.shape
    kv_heads = slots.shape[1] // 2
    shared = heads // kv_heads
    grouped = queries.view(rows, length, kv_heads, shared, head_dim).transpose(1, 2)
    if mask is not None:
        mask = mask.repeat_interleave(shared, dim=1)[:, None]
    seen = scaled_dot_product_attention(
        grouped.flatten(2, 3), slots[:, :kv_heads], slots[:, kv_heads:], attn_mask=mask
    )
    apart = seen.view(rows, kv_heads, length, shared, head_dim).transpose(1, 2)
    return apart.reshape(rows * length, heads * head_dim)
