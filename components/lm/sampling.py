"""Drawing the next token: temperature and nucleus (top-p) sampling."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor


def draws(seed: int, sample: int, position: int) -> Iterator[float]:
    """Endless uniform draws from [0, 1) that depend on these three numbers alone."""
    generator = np.random.default_rng((seed, sample, position))
    while True:
        yield generator.random()


def choose(
    logits: Tensor, temperature: float, top_p: float, draws: Sequence[Iterator[float]]
) -> Tensor:
    """Draw a token for each row of `logits` [rows, vocabulary]; gives ids [rows].

    The nucleus is the smallest set of most probable tokens whose mass reaches `top_p` (Holtzman
    et al. 2020, arXiv:1904.09751). It is never sorted out: a drawn token belongs to it if the mass
    of all more probable tokens is below `top_p`; else it and all less probable ones do not, and the
    next draw is among the rest. A temperature of 0 takes the most probable token.
    """
    if temperature == 0:
        return logits.argmax(dim=-1)
    probabilities = (logits.double() / temperature).softmax(dim=-1)
    chosen = torch.empty(len(logits), dtype=torch.long, device=logits.device)
    pool = probabilities
    rows = list(range(len(logits)))
    while rows:
        drawn = _draw(pool, [next(draws[row]) for row in rows])
        own = probabilities[rows]
        better = own > own.gather(1, drawn[:, None])
        inside = (own * better).sum(dim=1) < top_p
        chosen[torch.tensor(rows, device=chosen.device)] = drawn
        pool = (own * better)[~inside]
        rows = [row for row, done in zip(rows, inside.tolist(), strict=True) if not done]
    return chosen


def _draw(weights: Tensor, uniform: Sequence[float]) -> Tensor:
    """An index for each row of `weights` [rows, n], drawn in proportion to them."""
    mass = weights.cumsum(dim=1)
    at = torch.tensor(uniform, dtype=mass.dtype, device=mass.device)[:, None] * mass[:, -1:]
    return torch.searchsorted(mass, at, right=True).squeeze(1).clamp(max=weights.shape[1] - 1)
