"""Adapters as the library reads them, and which rows of a batch have which."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, groupby, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from components.lm.decoding.low_rank import AdapterWeights, LowRank, Part
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
        self.changes = (NativeLowRank * (model.layers * len(PRODUCTS)))()
        for place, product in enumerate(PRODUCTS):
            matrix = getattr(model.layer[0], product)
            parts = [weights.parts(layer, product) for layer in range(model.layers)]
            for layers in _alike(parts):
                packed = self._pack([parts[layer] for layer in layers], matrix)
                for layer, change in zip(layers, packed, strict=True):
                    self.changes[layer * len(PRODUCTS) + place] = change
        self.bytes = sum(tensor.nbytes for tensor in self._kept)

    def _pack(self, layers: Sequence[Sequence[Part]], matrix: Any) -> Iterator[NativeLowRank]:
        """The changes of one product in layers that are alike."""
        parts = [_stacked(part) for part in zip(*layers, strict=True)]
        downs = [part.change.down for part in parts if part.change]
        if not downs:
            return iter([NativeLowRank()] * len(layers))
        down, scales = packed_down(downs, matrix.inputs)
        up, up_scales, spans = _packed(_joined(parts, matrix.outputs))
        scales[:, : up_scales.shape[1]] *= up_scales
        self._kept += [down, up, scales]
        ranks = scales.shape[1]
        self.ranks = max(self.ranks, ranks)
        pointers = (map(Tensor.data_ptr, each) for each in zip(down, up, scales, strict=True))
        return (NativeLowRank(*each, _spans(spans), ranks) for each in pointers)


def _alike(layers: Sequence[Sequence[Part]]) -> Iterable[Sequence[int]]:
    """The layers whose changes have the same ranks, all of them as a rule. They are packed at once:
    a layer alone keeps no processor busy for as long as it takes to ask for it."""
    found = defaultdict(list)
    for layer, parts in enumerate(layers):
        found[tuple(len(part.change.down) if part.change else 0 for part in parts)].append(layer)
    return found.values()


def _stacked(layers: Sequence[Part]) -> Part:
    """One part with the changes of several layers, [layers, …]."""
    changes = [part.change for part in layers if part.change]
    if not changes:
        return layers[0]
    down, up = ([getattr(one, half) for one in changes] for half in ("down", "unscaled"))
    change = LowRank(torch.stack(down), torch.stack(up), changes[0].scale)
    return Part(layers[0].outputs, change)


def packed_down(parts: Sequence[Tensor], inputs: int) -> tuple[Tensor, Tensor]:
    """A of several matrices [layers, rank, inputs], each in whole quartets, as `struct low_rank`
    has it: [layers, ranks / RANKS, inputs / 4, RANKS, 4]; and the scale of each rank."""
    ranks = [rounded_up(part.shape[1], QUARTET) for part in parts]
    layers = len(parts[0])
    whole = torch.zeros(layers, rounded_up(sum(ranks), RANKS), inputs)
    for first, part in zip(accumulate(ranks, initial=0), parts, strict=False):
        whole[:, first : first + part.shape[1], : part.shape[2]] = part
    weights, scales = _rounded(whole)
    quartets = weights.view(layers, -1, RANKS, inputs // 4, 4)
    return quartets.transpose(2, 3).contiguous(), scales


def packed_up(up: Tensor) -> tuple[Tensor, Tensor]:
    """B [layers, outputs, ranks], the outputs whole panels, as `struct low_rank` has it:
    [layers, outputs / PANEL, ranks / QUARTET, PANEL, QUARTET]; and the scale of each rank."""
    layers, outputs, ranks = up.shape
    padded = pad(up, (0, rounded_up(ranks, QUARTET) - ranks))
    weights, scales = _rounded(padded.transpose(1, 2))
    quartets = weights.view(layers, -1, QUARTET, outputs // PANEL, PANEL)
    return quartets.permute(0, 3, 1, 4, 2).contiguous(), scales


def _rounded(weights: Tensor) -> tuple[Tensor, Tensor]:
    """[layers, ranks, n] to the nearest of 255 steps that are the same for all of a rank, and the
    steps."""
    scales = weights.abs().amax(dim=2).clamp(min=1e-12) / 127
    return (weights / scales[..., None]).round_().add_(OFFSET).byte(), scales


Block = tuple[int, Tensor | None]
"""Outputs that begin at a panel, and B of those [layers, outputs, rank]; None where nothing is
added."""


def _joined(parts: Sequence[Part], outputs: int) -> list[Block]:
    """The parts as blocks of whole panels; all in one where one begins within a panel."""
    padded = GROUP if len(parts) == 2 else 1  # the gate's outputs, and up's, as `joined` has them
    sizes = [rounded_up(part.outputs, padded) for part in parts]
    ups = [part.change.up(torch.float32) if part.change else None for part in parts]
    if any(size % PANEL for size in sizes[:-1]):
        return [(outputs, _diagonal(ups, sizes, outputs))]
    sizes[-1] = outputs - sum(sizes[:-1])
    return list(zip(sizes, ups, strict=True))


def _diagonal(ups: Sequence[Tensor | None], sizes: Sequence[int], outputs: int) -> Tensor:
    """[layers, outputs, all ranks], zeros where a rank is another part's."""
    layers = next(len(up) for up in ups if up is not None)
    ranks = [0 if up is None else rounded_up(up.shape[2], QUARTET) for up in ups]
    whole = torch.zeros(layers, outputs, sum(ranks))
    places = zip(accumulate(sizes, initial=0), accumulate(ranks, initial=0), ups, strict=False)
    for first, rank, up in places:
        if up is not None:
            whole[:, first : first + up.shape[1], rank : rank + up.shape[2]] = up
    return whole


def _packed(blocks: Sequence[Block]) -> tuple[Tensor, Tensor, tuple[tuple[int, int], ...]]:
    """B of all blocks, panel after panel, the scale of each rank, and for each block its panels and
    its quartets."""
    packed, scales, shape = [], [], []
    for outputs, up in blocks:
        if up is None:
            shape.append((outputs // PANEL, 0))
            continue
        weights, steps = packed_up(pad(up, (0, 0, 0, outputs - up.shape[1])))
        packed.append(weights.flatten(1))
        scales.append(steps)
        shape.append((outputs // PANEL, steps.shape[1] // QUARTET))
    return torch.cat(packed, 1), torch.cat(scales, 1), tuple(shape)


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
