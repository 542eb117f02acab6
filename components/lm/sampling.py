"""Drawing the next token: temperature and nucleus (top-p) sampling."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

BLOCK = 256
"""Weights are summed in blocks of so many first, which is faster than one long running sum."""


def draws(seed: int, sample: int, position: int) -> Iterator[float]:
    """Endless uniform draws from [0, 1) that depend on these three numbers alone."""
    generator = np.random.default_rng((seed, sample, position))
    while True:
        yield generator.random()


def choose(
    logits: Tensor,
    temperatures: Sequence[float],
    top_ps: Sequence[float],
    draws: Sequence[Iterator[float]],
) -> Tensor:
    """Draw a token for each row of `logits` [rows, vocabulary]; gives ids [rows].

    Each row has its own temperature, nucleus and draws. A temperature of 0 takes the most probable
    token.
    """
    rows = [row for row, temperature in enumerate(temperatures) if temperature > 0]
    if not rows:
        return logits.argmax(dim=-1)
    if len(rows) == len(temperatures):
        return _from_nuclei(logits, temperatures, top_ps, draws)
    chosen = logits.argmax(dim=-1)
    chosen[torch.tensor(rows, device=chosen.device)] = _from_nuclei(
        logits[rows],
        [temperatures[row] for row in rows],
        [top_ps[row] for row in rows],
        [draws[row] for row in rows],
    )
    return chosen


def _from_nuclei(
    logits: Tensor,
    temperatures: Sequence[float],
    top_ps: Sequence[float],
    draws: Sequence[Iterator[float]],
) -> Tensor:
    """Draw from the nucleus of each row.

    The nucleus is the smallest set of most probable tokens whose mass reaches top_p (Holtzman et
    al. 2020, arXiv:1904.09751). It is never sorted: a drawn token belongs to it if the mass of
    all more probable tokens is below top_p; else it and all less probable ones do not, and the
    next draw is among the rest.
    """
    probabilities = _softmax(logits.float(), temperatures)
    limits = torch.tensor([_limit(top_p) for top_p in top_ps], device=logits.device)
    chosen = torch.empty(len(logits), dtype=torch.long, device=logits.device)
    pool, own = probabilities, probabilities
    rows = list(range(len(logits)))
    while rows:
        drawn = _draw(pool, [next(draws[row]) for row in rows])
        above = own * (own > own.gather(1, drawn[:, None]))
        at = torch.tensor(rows, device=chosen.device)
        chosen[at] = drawn
        outside = above.sum(dim=1) >= limits[at]  # so that a row of NaN ends too
        kept = outside.nonzero().squeeze(1)
        rows = at[kept].tolist()
        pool, own = above[kept], own[kept]
    return chosen


def _limit(top_p: float) -> float:
    """The mass above a draw that rules it out; none does for a nucleus of everything."""
    return top_p if top_p < 1 else 2.0


def _softmax(logits: Tensor, temperatures: Sequence[float]) -> Tensor:
    if any(temperature != 1 for temperature in temperatures):
        logits = logits - logits.amax(dim=-1, keepdim=True)  # so that a tiny one gives no infinity
        logits /= torch.tensor(temperatures, device=logits.device)[:, None]
    return logits.softmax(dim=-1)


def _draw(weights: Tensor, uniform: Sequence[float]) -> Tensor:
    """An index for each row of `weights` [rows, n], drawn in proportion to them."""
    size = weights.shape[1]
    blocks = size // BLOCK
    whole = blocks * BLOCK
    sums = weights[:, :whole].view(len(weights), blocks, BLOCK).sum(dim=2)
    sums = torch.cat((sums, weights[:, whole:].sum(dim=1, keepdim=True)), dim=1)
    share = torch.tensor(uniform, dtype=torch.double, device=weights.device)[:, None]
    block, rest = _search(sums, share)
    places = block * BLOCK + torch.arange(BLOCK, device=weights.device)
    inside = weights.gather(1, places.clamp(max=size - 1)) * (places < size)
    within, _ = _search(inside, rest)
    return (block * BLOCK + within).squeeze(1).clamp(max=size - 1)


def _search(weights: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Where this share [rows, 1] of each row's mass is reached, and what share of that place.

    The place never has the weight 0.
    """
    mass = weights.double().cumsum(dim=1)
    at = (share * mass[:, -1:]).minimum(mass[:, -1:].nextafter(mass.new_zeros(1)))
    index = torch.searchsorted(mass, at, right=True).clamp(max=weights.shape[1] - 1)
    own = weights.double().gather(1, index)
    return index, ((at - mass.gather(1, index) + own) / own).clamp(0, 1)
