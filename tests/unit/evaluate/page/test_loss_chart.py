import math

from hypothesis import given
from hypothesis import strategies as st

from components.contracts.reports import CurvePoint, TrainReport
from components.evaluate.page.loss_chart import loss_chart


def trained(*curve: CurvePoint, best_step: int = 0) -> TrainReport:
    return TrainReport(
        tokens=1, seconds=1, tokens_per_second=1, best_validation_loss=1, best_step=best_step,
        curve=curve, hyperparameters={}, base_model={"id": "x", "revision": None, "sha256": "y"},
        seed=0, device="d", dtype="fp32", dataset_sha256="z", versions={},
    )  # fmt: skip


def test_the_best_step_is_marked_where_it_was_measured() -> None:
    chart = loss_chart(
        trained(
            CurvePoint(step=0, train_loss=None, validation_loss=4),
            CurvePoint(step=50, train_loss=3, validation_loss=2),
            CurvePoint(step=100, train_loss=1, validation_loss=3),
            best_step=50,
        )
    )
    assert chart is not None
    assert chart.best is not None
    assert chart.best.x == 50
    assert chart.best.label == "step 50: 2.000"
    assert [len(line.spots) for line in chart.lines] == [2, 3]


def test_nothing_measured_draws_nothing() -> None:
    assert loss_chart(trained()) is None
    assert loss_chart(trained(CurvePoint(step=0, train_loss=None, validation_loss=None))) is None


def test_a_single_flat_or_broken_measurement_still_draws() -> None:
    flat = [CurvePoint(step=step, train_loss=2.5, validation_loss=math.inf) for step in (0, 0)]
    assert loss_chart(trained(*flat)) is not None


losses = st.floats(1e-6, 1e6)


@given(st.lists(st.tuples(st.integers(0, 10**7), losses, losses), min_size=1, max_size=20))
def test_everything_stays_within_the_drawing(points: list[tuple[int, float, float]]) -> None:
    curve = [CurvePoint(step=s, train_loss=t, validation_loss=v) for s, t, v in points]
    chart = loss_chart(trained(*curve))
    assert chart is not None
    marks = [(spot.x, spot.y) for line in chart.lines for spot in line.spots]
    marks += [(tick.at, 0.0) for tick in (*chart.steps, *chart.losses)]
    assert all(0 <= x <= 100 and 0 <= y <= 100 for x, y in marks)
    assert 2 <= len(chart.losses) <= 9
