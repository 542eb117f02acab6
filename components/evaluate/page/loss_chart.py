"""The geometry of the loss curve: everything in percent of the drawing area."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from components.contracts.reports import CurvePoint, TrainReport
from components.evaluate.page.charts import Tick

TICKS = 5


class Spot(NamedTuple):
    """A measured point."""

    x: float
    """Percent from the left."""
    y: float
    """Percent from the bottom."""
    label: str


class Line(NamedTuple):
    """One curve."""

    name: str
    path: str
    """SVG path data in a box of 100 by 100, y pointing down."""
    spots: tuple[Spot, ...]


class LossChart(NamedTuple):
    """The whole drawing."""

    lines: tuple[Line, ...]
    steps: tuple[Tick, ...]
    losses: tuple[Tick, ...]
    best: Spot | None


def loss_chart(report: TrainReport) -> LossChart | None:
    """The drawing of a training's losses; None if nothing was measured."""
    train = _measured(report.curve, "train_loss")
    validation = _measured(report.curve, "validation_loss")
    points = train + validation
    if not points:
        return None
    steps = _axis([0.0] + [step for step, _ in points])
    losses = _axis([loss for _, loss in points])

    def spot(step: float, loss: float) -> Spot:
        label = f"step {step:g}: {loss:.3f}"
        return Spot(_percent(step, steps), _percent(loss, losses), label)

    def line(name: str, measured: Sequence[tuple[float, float]]) -> Line:
        spots = tuple(spot(step, loss) for step, loss in measured)
        path = "M" + "L".join(f"{x:.2f} {100 - y:.2f}" for x, y, _ in spots)
        return Line(name, path, spots)

    named = (("training", train), ("validation", validation))
    best = [point for point in validation if point[0] == report.best_step]
    return LossChart(
        lines=tuple(line(name, measured) for name, measured in named if measured),
        steps=tuple(Tick(_percent(at, steps), f"{at:,.0f}") for at in steps),
        losses=tuple(Tick(_percent(at, losses), f"{at:g}") for at in losses),
        best=spot(*best[0]) if best else None,
    )


def _measured(curve: Sequence[CurvePoint], which: str) -> list[tuple[float, float]]:
    values = ((point.step, getattr(point, which)) for point in curve)
    return [(step, loss) for step, loss in values if loss is not None and math.isfinite(loss)]


def _axis(values: Sequence[float]) -> list[float]:
    """Round numbers that hold all `values` between the first and the last of them.

    The steps between them are 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph
    labels", Graphics Gems, 1990).
    """
    low, high = min(values), max(values)
    rough = (high - low or 1.0) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in (1, 2, 5, 10) if nice * power >= rough)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _percent(value: float, axis: Sequence[float]) -> float:
    return round(100 * (value - axis[0]) / (axis[-1] - axis[0]), 3)
