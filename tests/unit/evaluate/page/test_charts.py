import re

from hypothesis import given
from hypothesis import strategies as st

from components.contracts.evaluation import Measure
from components.evaluate.page.charts import bars, hour_histogram, length_histogram

lengths = st.lists(st.integers(0, 5000), min_size=1, max_size=30)


def measure(value: float, low: float, high: float) -> Measure:
    return Measure(value=value, low=low, high=high)


def test_the_longest_whisker_fits_and_what_is_missing_is_left_out() -> None:
    drawn = bars({"a": ("ours", measure(1, 0.5, 2)), "b": ("theirs", None)})
    assert [bar.name for bar in drawn] == ["a"]
    assert drawn[0].low < drawn[0].width < drawn[0].high < 100


def test_a_full_bar_can_be_named() -> None:
    (bar,) = bars({"a": ("real", measure(0.25, 0.2, 0.3))}, full=1.0)
    assert (bar.width, bar.low, bar.high) == (25, 20, 30)
    assert bars({"a": ("ours", measure(0, 0, 0))})[0].width == 0


@given(lengths, lengths)
def test_everything_stays_within_the_drawing(generated: list[int], real: list[int]) -> None:
    drawn = length_histogram(generated, real)
    assert all(0 <= tick.at <= 100 for tick in drawn.ticks)
    for curve in drawn.curves:
        numbers = [float(number) for number in re.findall(r"[\d.]+", curve.path)]
        assert all(0 <= number <= 100 for number in numbers)


def test_the_hour_of_most_posts_is_highest() -> None:
    (curve,) = hour_histogram([9, 9, 9, 23]).curves
    heights = [float(height) for height in re.findall(r"V([\d.]+)H", curve.path)]
    assert heights.index(min(heights)) == 9  # y points down
    assert len(heights) == 24
    assert heights[22] == 100
