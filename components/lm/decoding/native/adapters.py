"""Adapters as the library reads them, and which rows of a batch have which."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from components.lm.decoding.low_rank import AdapterWeights, Part
from components.lm.decoding.native.layout import (
    GROUP,
    PANEL,
    PRODUCTS,
    RANKS,
    STRIP,
    TILE_ROWS,
    LowRank,
    Model,
    Span,
    Tile,
    rounded_up,
)

BF16 = torch.bfloat16


class NativeAdapter:
    """An adapter's `struct low_rank` for each product, and the memory that they point into."""

    def __init__(self, weights: AdapterWeights, model: Model) -> None:
        """Pack `weights` for `model`."""
        self._kept: list[Tensor] = []
        self.ranks = 0
        """The most of any product."""
        changes = [
            self._change(weights.parts(layer, product), getattr(model.layer[layer], product))
            for layer in range(model.layers)
            for product in PRODUCTS
        ]
        self.changes = (LowRank * len(changes))(*changes)
        self.bytes = sum(tensor.nbytes for tensor in self._kept)

    def _change(self, parts: Sequence[Part], matrix: Any) -> LowRank:
        changed = [part.change for part in parts if part.change]
        if not changed:
            return LowRank()
        down = packed_down([change.down for change in changed], matrix.inputs)
        up, spans = _packed(_joined(parts, matrix.outputs))
        self._kept += [down, up]
        ranks = len(down) * RANKS
        self.ranks = max(self.ranks, ranks)
        return LowRank(down.data_ptr(), up.data_ptr(), _spans(spans), ranks)


def packed_down(parts: Sequence[Tensor], inputs: int) -> Tensor:
    """A of several matrices [ranks, inputs], one after the other, in strips as `struct low_rank`
    has it: [ranks / RANKS, inputs / STRIP, RANKS, STRIP / 2, 2]."""
    ranks = rounded_up(sum(map(len, parts)), RANKS)
    whole = torch.zeros(ranks, inputs, dtype=BF16)
    first = 0
    for part in parts:
        whole[first : first + len(part), : part.shape[1]] = part
        first += len(part)
    strips = whole.view(ranks // RANKS, RANKS, inputs // STRIP, 2, STRIP // 2)
    return strips.permute(0, 2, 1, 4, 3).contiguous()


def packed_up(up: Tensor) -> Tensor:
    """B [outputs, ranks] in bf16, the outputs whole panels, as `struct low_rank` has it:
    [outputs / PANEL, ranks, PANEL / 2, 2]."""
    outputs, ranks = up.shape
    panels = up.view(outputs // PANEL, 2, PANEL // 2, ranks)
    return panels.permute(0, 3, 2, 1).contiguous()


Block = tuple[int, Tensor | None]
"""Outputs that begin at a panel, and B of those [outputs, rank]; None where nothing is added."""


def _joined(parts: Sequence[Part], outputs: int) -> list[Block]:
    """The parts as blocks of whole panels; all in one where one begins within a panel."""
    padded = GROUP if len(parts) == 2 else 1  # the gate's outputs, and up's, as `joined` has them
    sizes = [rounded_up(part.outputs, padded) for part in parts]
    if any(size % PANEL for size in sizes[:-1]):
        return [(outputs, _diagonal(parts, sizes, outputs))]
    sizes[-1] = outputs - sum(sizes[:-1])
    return [
        (size, part.change.up(BF16) if part.change else None)
        for size, part in zip(sizes, parts, strict=True)
    ]


def _diagonal(parts: Sequence[Part], sizes: Sequence[int], outputs: int) -> Tensor:
    """[outputs, all ranks], zeros where a rank is another part's."""
    ranks = [len(part.change.down) if part.change else 0 for part in parts]
    whole = torch.zeros(outputs, sum(ranks), dtype=BF16)
    for number, part in enumerate(parts):
        if part.change:
            first, rank = sum(sizes[:number]), sum(ranks[:number])
            whole[first : first + part.outputs, rank : rank + ranks[number]] = part.change.up(BF16)
    return whole


def _packed(blocks: Sequence[Block]) -> tuple[Tensor, tuple[tuple[int, int], ...]]:
    """B of all blocks, panel after panel, and for each block its panels and its ranks."""
    packed, shape = [], []
    for outputs, up in blocks:
        panels, ranks = outputs // PANEL, 0 if up is None else up.shape[1]
        shape.append((panels, ranks))
        if up is not None:
            packed.append(packed_up(pad(up, (0, 0, 0, outputs - len(up)))).flatten())
    return torch.cat(packed), tuple(shape)


@lru_cache(maxsize=256)
def _spans(blocks: tuple[tuple[int, int], ...]) -> Any:
    """The ranks of each panel; the layers of a model share them."""
    spans, first, at = [], 0, 0
    for panels, ranks in blocks:
        for _ in range(panels):
            spans.append(Span(first, ranks, at))
            at += ranks
        first += ranks
    return (Span * len(spans))(*spans)


def by_adapter(rows: Sequence[int], adapters: Sequence[NativeAdapter | None]) -> list[int]:
    """The tokens, whose rows are given, in an order in which those of an adapter are neighbours."""
    number = {id(one): place for place, one in enumerate(adapters)}
    return sorted(range(len(rows)), key=lambda token: number[id(adapters[rows[token]])])


def tiles_of(owners: Sequence[NativeAdapter | None]) -> list[Tile]:
    """Tiles of neighbours that have one adapter; `owners` has that of each token."""
    tiles, first = [], 0
    for owner, group in groupby(owners):
        end = first + sum(1 for _ in group)
        if owner is not None:
            edges = [*range(first, end, TILE_ROWS), end]
            tiles += [Tile(start, stop - start, owner.changes) for start, stop in pairwise(edges)]
        first = end
    return tiles
