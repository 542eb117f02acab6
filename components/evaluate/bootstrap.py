"""Intervals for figures that are ratios of sums over posts."""

from collections.abc import Sequence

import numpy as np

from components.contracts.reports import Measure

RESAMPLES = 2000
DIGITS = 6
"""Figures are rounded so that the order of a machine's sums does not show."""


def ratio(numerators: Sequence[float], denominators: Sequence[float], seed: int) -> Measure:
    """Σ numerators / Σ denominators over posts, with its 95% percentile bootstrap interval.

    Posts are drawn with replacement, numerator and denominator together (Efron and Tibshirani,
    "An Introduction to the Bootstrap", 1993, chapter 13).

    Args:
        numerators: one number a post, at least one post.
        denominators: one number a post, with a sum above 0.
        seed: of the draws.
    """
    pairs = np.stack([np.asarray(numerators, float), np.asarray(denominators, float)])
    chance = np.random.default_rng(seed)
    size = pairs.shape[1]
    sums = np.array(
        [pairs[:, chance.integers(0, size, size)].sum(axis=1) for _ in range(RESAMPLES)]
    )
    low, high = np.percentile(sums[:, 0] / sums[:, 1], [2.5, 97.5])
    above, below = pairs.sum(axis=1)
    value, low, high = (round(float(figure), DIGITS) for figure in (above / below, low, high))
    return Measure(value=value, low=low, high=high)


def share(hits: Sequence[bool], seed: int) -> Measure:
    """The share of posts for which `hits` is true, with its 95% bootstrap interval."""
    return ratio(hits, [1.0] * len(hits), seed)
