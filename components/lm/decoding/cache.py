"""Keys and values of all rows: one block of memory a layer, a slot in it for each row."""

from math import prod

import torch
from torch import Tensor

from components.lm.decoding.mapped import mapped
from components.lm.decoding.shape import Shape


class KVCache:
    """Keys and values, a layer's as [rows, 2 x kv_heads, positions, head_dim], keys first.

    All of it is zero at first, so that what a mask hides is a number.
    """

    def __init__(self, shape: Shape, dtype: torch.dtype, device: torch.device) -> None:
        """An empty cache; `resize` gives it room."""
        self._heads, self._head_dim = 2 * shape.kv_heads, shape.head_dim
        self.rows, self.positions = 0, 0
        self.layers = [
            torch.zeros((0, self._heads, 0, self._head_dim), dtype=dtype, device=device)
            for _ in range(shape.layers)
        ]

    def resize(self, rows: int, positions: int) -> None:
        """Make room for `rows` of `positions`; what fits into both the old and the new stays."""
        kept, length = min(rows, self.rows), min(positions, self.positions)
        for number, old in enumerate(self.layers):  # one by one: never all of it twice
            new = _zeros((rows, self._heads, positions, self._head_dim), old)
            new[:kept, :, :length] = old[:kept, :, :length]
            self.layers[number] = new
        self.rows, self.positions = rows, positions

    def places(self, rows: Tensor, positions: Tensor) -> Tensor:
        """Where the keys and values of these tokens go in `flat`, [tokens x heads]."""
        heads = torch.arange(self._heads, device=rows.device)
        slots = rows[:, None] * self._heads + heads
        return (slots * self.positions + positions[:, None]).flatten()

    def store(self, layer: int, places: Tensor, values: Tensor) -> None:
        """Put the keys and values [tokens, 2 x kv_heads, head_dim] of one layer at `places`."""
        flat = self.layers[layer].view(-1, self._head_dim)
        flat.index_copy_(0, places, values.reshape(-1, self._head_dim))

    def save(self, row: int, length: int) -> list[Tensor]:
        """A copy of the first `length` positions of a row, by layer."""
        return [layer[row, :, :length].clone() for layer in self.layers]

    def load(self, first: int, last: int, saved: list[Tensor]) -> None:
        """Put what `save` gave into the rows from `first` up to, not including, `last`."""
        for layer, values in zip(self.layers, saved, strict=True):
            layer[first:last, :, : values.shape[1]] = values

    def move(self, source: int, target: int, length: int) -> None:
        """Put the first `length` positions of one row into another."""
        for layer in self.layers:
            layer[target, :, :length] = layer[source, :, :length]


def _zeros(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Zeros on the device of `like`; on a processor, rows that nobody writes to take no memory."""
    if like.device.type != "cpu":
        return like.new_zeros(shape)
    return mapped(prod(shape) * like.itemsize).view(like.dtype).view(shape)
