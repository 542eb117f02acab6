"""The geometry of bars and histograms: everything in percent of the drawing area."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from components.contracts.evaluation import Measure

BINS = 28
MOST = 99.0
"""Percentile of the lengths at which the histogram ends: a few giants would squeeze the rest."""
NICE = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)


class Bar(NamedTuple):
    """A figure as a bar from the left, its interval as a whisker."""

    name: str
    tone: str
    """`ours`, `real` or `theirs`."""
    measure: Measure
    width: float
    low: float
    high: float


class Tick(NamedTuple):
    """A mark on an axis."""

    at: float
    """Percent from the left or from the bottom."""
    label: str


class Curve(NamedTuple):
    """One distribution."""

    name: str
    tone: str
    path: str
    """SVG path data in a box of 100 by 100, y pointing down."""


class Histogram(NamedTuple):
    """Distributions over the same bins."""

    curves: tuple[Curve, ...]
    ticks: tuple[Tick, ...]


def bars(figures: Mapping[str, tuple[str, Measure | None]], full: float | None = None) -> list[Bar]:
    """A bar for each figure that there is.

    Args:
        figures: tone and figure by name.
        full: what a full bar stands for; a little more than the largest if left out.
    """
    known = {name: (tone, measure) for name, (tone, measure) in figures.items() if measure}
    highest = max((measure.high for _, measure in known.values()), default=0.0)
    whole = full or 1.05 * highest or 1.0
    return [
        Bar(
            name,
            tone,
            measure,
            *(_percent(value / whole) for value in (measure.value, measure.low, measure.high)),
        )
        for name, (tone, measure) in known.items()
    ]


def length_histogram(generated: Sequence[int], real: Sequence[int]) -> Histogram:
    """How long generated texts and real posts are: shares by length in characters."""
    most = float(np.percentile([*generated, *real], MOST)) or 1.0
    width = next((nice for nice in NICE if nice * BINS >= most), int(most / BINS) + 1)
    edges = np.arange(0, BINS * width + 1, width)
    step = next((nice for nice in NICE if nice * 6 >= edges[-1]), int(edges[-1]))
    ticks = tuple(
        Tick(_percent(at / edges[-1]), f"{at:g}") for at in range(0, int(edges[-1]) + 1, step)
    )
    sides = {"real": ("real", real), "generated": ("ours", generated)}
    return _histogram(
        {name: (tone, _shares(of, edges)) for name, (tone, of) in sides.items()}, ticks
    )


def hour_histogram(hours: Sequence[int]) -> Histogram:
    """At which hour of the day, 0 to 23, posts were written."""
    ticks = tuple(Tick(_percent((hour + 0.5) / 24), f"{hour}") for hour in range(0, 24, 3))
    return _histogram({"real": ("real", _shares(hours, np.arange(25)))}, ticks)


def _shares(values: Sequence[int], edges: np.ndarray) -> list[float]:
    inside = np.clip(values, edges[0], edges[-1] - 1)
    return [float(count) / len(values) for count in np.histogram(inside, edges)[0]]


def _histogram(
    sides: Mapping[str, tuple[str, Sequence[float]]], ticks: tuple[Tick, ...]
) -> Histogram:
    highest = 1.08 * max(max(shares) for _, shares in sides.values()) or 1.0
    curves = tuple(
        Curve(name, tone, _steps([share / highest for share in shares]))
        for name, (tone, shares) in sides.items()
    )
    return Histogram(curves, ticks)


def _steps(heights: Sequence[float]) -> str:
    """The outline of bars that stand side by side, from the ground and back to it."""
    width = 100 / len(heights)
    path = "M0 100"
    for number, height in enumerate(heights):
        path += f"V{100 - 100 * height:.2f}H{(number + 1) * width:.2f}"
    return path + "V100Z"


def _percent(share: float) -> float:
    return round(100 * min(max(share, 0.0), 1.0), 2)
