"""What adapters add to the products of torch's decoder."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from components.lm.decoding.low_rank import AdapterWeights, Part
from components.lm.decoding.weight_shapes import PRODUCTS


@dataclass(frozen=True)
class _Piece:
    """What is added to the outputs from `first` on, in the decoder's format on its device."""

    first: int
    down: Tensor
    up: Tensor


class TorchAdapter:
    """An adapter laid out for `FastDecoder`."""

    def __init__(
        self, weights: AdapterWeights, layers: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        """Bring `weights` into `dtype` and to `device`."""
        self._dtype, self._device, self.bytes = dtype, device, 0
        names = PRODUCTS[weights.family]
        self.pieces = [
            {name: self._pieces(weights.parts(layer, name)) for name in names}
            for layer in range(layers)
        ]
        """By layer and product."""

    def _pieces(self, parts: Sequence[Part]) -> list[_Piece]:
        pieces, first = [], 0
        for part in parts:
            if part.change is not None:
                down, up = self._kept(part.change.down), self._kept(part.change.up(self._dtype))
                pieces.append(_Piece(first, down, up))
            first += part.outputs
        return pieces

    def _kept(self, values: Tensor) -> Tensor:
        """A copy, so that the file is not held open by it."""
        made = values.to(self._device, self._dtype, copy=True).contiguous()
        self.bytes += made.nbytes
        return made


class Change:
    """What is added to one product: each row has its adapter or none."""

    def __init__(self, pieces: Sequence[tuple[Tensor, Sequence[_Piece]]]) -> None:
        """For each adapter the numbers of its rows, and what it adds to them."""
        self._pieces = pieces

    def add(self, rows: Tensor, product: Tensor) -> None:
        """Add to `product` [n, out] what comes of `rows` [n, in]."""
        for numbers, pieces in self._pieces:
            own = rows[numbers]
            for piece in pieces:
                new = (own @ piece.down.T) @ piece.up.T
                outputs = product[:, piece.first : piece.first + len(piece.up)]
                outputs.index_add_(0, numbers, new.to(product.dtype))


class Changes:
    """The adapters of a step's rows."""

    def __init__(
        self, rows: Sequence[int], adapters: Sequence[TorchAdapter | None], device: torch.device
    ) -> None:
        """`rows` has the row of each token, `adapters` that of each row."""
        numbers: dict[int, list[int]] = {}
        for token, row in enumerate(rows):
            numbers.setdefault(id(adapters[row]), []).append(token)
        known = {id(one): one for one in adapters if one is not None}
        self._adapters = [
            (torch.tensor(numbers[key], device=device), adapter)
            for key, adapter in known.items()
            if key in numbers
        ]

    def of(self, layer: int, product: str) -> Change | None:
        """What is added to this product of this layer."""
        if not self._adapters:
            return None
        return Change([(own, adapter.pieces[layer][product]) for own, adapter in self._adapters])
