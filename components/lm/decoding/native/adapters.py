"""Adapters as the library reads them, and which rows of a batch have which."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, groupby, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from components.lm.decoding.low_rank import AdapterWeights, Part
from components.lm.decoding.native.layout import (
    GROUP,
    PANEL,
    PRODUCTS,
    QUARTET,
    RANKS,
    TILE_ROWS,
    NativeLowRank,
    NativeModel,
    Span,
    Tile,
    rounded_up,
)
from components.lm.decoding.native.pack import OFFSET


class NativeAdapter:
    """An adapter's `struct low_rank` for each product, and the memory that they point into."""

    def __init__(self, weights: AdapterWeights, model: NativeModel) -> None:
        """Pack `weights` for `model`."""
        self._kept: list[Tensor] = []
        self.ranks = 0
        """The most of any product."""
        changes = [
            self._change(weights.parts(layer, product), getattr(model.layer[layer], product))
            for layer in range(model.layers)
            for product in PRODUCTS
        ]
        self.changes = (NativeLowRank * len(changes))(*changes)
        self.bytes = sum(tensor.nbytes for tensor in self._kept)

    def _change(self, parts: Sequence[Part], matrix: Any) -> NativeLowRank:
        changed = [part.change for part in parts if part.change]
        if not changed:
            return NativeLowRank()
        down, scales = packed_down([change.down for change in changed], matrix.inputs)
        up, up_scales, spans = _packed(_joined(parts, matrix.outputs))
        scales[: len(up_scales)] *= up_scales
        self._kept += [down, up, scales]
        self.ranks = max(self.ranks, len(scales))
        weights = (tensor.data_ptr() for tensor in (down, up, scales))
        return NativeLowRank(*weights, _spans(spans), len(scales))


def packed_down(parts: Sequence[Tensor], inputs: int) -> tuple[Tensor, Tensor]:
    """A of several matrices [rank, inputs], each in whole quartets, as `struct low_rank` has it:
    [ranks / RANKS, inputs / 4, RANKS, 4]; and the scale of each rank."""
    ranks = [rounded_up(len(part), QUARTET) for part in parts]
    whole = torch.zeros(rounded_up(sum(ranks), RANKS), inputs)
    for first, part in zip(accumulate(ranks, initial=0), parts, strict=False):
        whole[first : first + len(part), : part.shape[1]] = part
    weights, scales = _rounded(whole)
    return weights.view(-1, RANKS, inputs // 4, 4).transpose(1, 2).contiguous(), scales


def packed_up(up: Tensor) -> tuple[Tensor, Tensor]:
    """B [outputs, ranks], the outputs whole panels, as `struct low_rank` has it:
    [outputs / PANEL, ranks / QUARTET, PANEL, QUARTET]; and the scale of each rank."""
    outputs, ranks = up.shape
    weights, scales = _rounded(pad(up, (0, rounded_up(ranks, QUARTET) - ranks)).T)
    quartets = weights.view(-1, QUARTET, outputs // PANEL, PANEL)
    return quartets.permute(2, 0, 3, 1).contiguous(), scales


def _rounded(weights: Tensor) -> tuple[Tensor, Tensor]:
    """[ranks, n] to the nearest of 255 steps that are the same for all of a rank, and the steps."""
    scales = weights.abs().amax(dim=1).clamp(min=1e-12) / 127
    return (weights / scales[:, None]).round_().add_(OFFSET).byte(), scales


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
        (size, part.change.up(torch.float32) if part.change else None)
        for size, part in zip(sizes, parts, strict=True)
    ]


def _diagonal(parts: Sequence[Part], sizes: Sequence[int], outputs: int) -> Tensor:
    """[outputs, all ranks], zeros where a rank is another part's."""
    ups = [part.change.up(torch.float32) if part.change else None for part in parts]
    ranks = [0 if up is None else rounded_up(up.shape[1], QUARTET) for up in ups]
    whole = torch.zeros(outputs, sum(ranks))
    places = zip(accumulate(sizes, initial=0), accumulate(ranks, initial=0), ups, strict=False)
    for first, rank, up in places:
        if up is not None:
            whole[first : first + len(up), rank : rank + up.shape[1]] = up
    return whole


def _packed(blocks: Sequence[Block]) -> tuple[Tensor, Tensor, tuple[tuple[int, int], ...]]:
    """B of all blocks, panel after panel, the scale of each rank, and for each block its panels and
    its quartets."""
    packed, scales, shape = [], [], []
    for outputs, up in blocks:
        if up is None:
            shape.append((outputs // PANEL, 0))
            continue
        weights, steps = packed_up(pad(up, (0, 0, 0, outputs - len(up))))
        packed.append(weights.flatten())
        scales.append(steps)
        shape.append((outputs // PANEL, len(steps) // QUARTET))
    return torch.cat(packed), torch.cat(scales), tuple(shape)


@lru_cache(maxsize=256)
def _spans(blocks: tuple[tuple[int, int], ...]) -> Any:
    """The quartets of each panel; the layers of a model share them."""
    spans, first, at = [], 0, 0
    for panels, quartets in blocks:
        for _ in range(panels):
            spans.append(Span(first, quartets, at))
            at += quartets
        first += quartets
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
