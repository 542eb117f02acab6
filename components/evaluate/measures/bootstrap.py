"""Figures with their 95% bootstrap intervals, posts being drawn with replacement.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 6 and 13.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from components.contracts.evaluation import Measure

RESAMPLES = 2000
DIGITS = 6
"""Figures are rounded so that the order of a machine's sums does not show."""
Floats: TypeAlias = NDArray[np.float64]


@lru_cache(maxsize=8)
def resample_counts(size: int, seed: int, resamples: int = RESAMPLES) -> Floats:
    """How often each of `size` posts is in each resample: whole numbers [resamples, size]."""
    chance = np.random.default_rng(seed)
    return chance.multinomial(size, np.full(size, 1 / size), size=resamples).astype(float)


def ratio(numerators: Sequence[float], denominators: Sequence[float], seed: int) -> Measure:
    """Σ numerators / Σ denominators over posts, with its percentile interval.

    Args:
        numerators: one number a post, at least one post.
        denominators: one number a post, with a sum above 0.
        seed: of the draws; equal seeds and equally many posts mean equal draws.
    """
    pairs = np.stack([np.asarray(numerators, float), np.asarray(denominators, float)], axis=1)
    above, below = (resample_counts(len(pairs), seed) @ pairs).T
    drawn = above[below > 0] / below[below > 0]
    value = pairs[:, 0].sum() / pairs[:, 1].sum()
    return measure(value, *np.percentile(drawn, [2.5, 97.5]))


def mean(numbers: Sequence[float], seed: int) -> Measure:
    """The mean of at least one number, with its interval."""
    return ratio(numbers, [1.0] * len(numbers), seed)


def share_of(hits: Sequence[bool], seed: int) -> Measure:
    """The share of posts for which `hits` is true, with its interval."""
    return mean([float(hit) for hit in hits], seed)


def distance(
    of: Callable[[Floats, Floats], Floats],
    ours: int,
    theirs: int,
    seed: int,
    resamples: int = RESAMPLES,
) -> Measure:
    """A distance between two groups of posts, with its interval, never below 0.

    Drawing posts twice adds noise, and noise adds distance: the drawn distances lie too high as a
    whole. So their spread alone is used, around the distance itself.

    Args:
        of: the distances for weights [n, ours] and [n, theirs] of the posts of each group.
        ours: how many posts one group has.
        theirs: how many the other has.
        seed: of the draws.
        resamples: how many to draw.
    """
    value = float(of(np.ones((1, ours)), np.ones((1, theirs)))[0])
    drawn = of(resample_counts(ours, seed, resamples), resample_counts(theirs, seed + 1, resamples))
    low, middle, high = np.percentile(drawn, [2.5, 50, 97.5])
    return measure(value, max(0.0, value + low - middle), value + high - middle)


def measure(value: float, low: float, high: float) -> Measure:
    """The three as a measure, rounded."""
    value, low, high = (round(float(figure), DIGITS) for figure in (value, low, high))
    return Measure(value=value, low=low, high=high)
