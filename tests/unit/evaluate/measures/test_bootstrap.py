import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluate.measures.bootstrap import ratio, share_of


def test_the_value_is_the_ratio_of_the_sums() -> None:
    measure = ratio([10.0, 30.0], [5.0, 5.0], seed=1)
    assert measure.value == 4.0
    assert measure.low == 2.0
    assert measure.high == 6.0


def test_a_share_of_many_posts_has_the_interval_of_the_binomial() -> None:
    measure = share_of([True] * 100 + [False] * 900, seed=1)
    assert measure.value == 0.1
    assert measure.low == pytest.approx(0.0814, abs=0.003)  # 0.1 ± 1.96 √(0.1 · 0.9 / 1000)
    assert measure.high == pytest.approx(0.1186, abs=0.003)


def test_the_seed_alone_decides() -> None:
    numbers = [float(number) for number in range(50)]
    assert ratio(numbers, [1.0] * 50, seed=1) == ratio(numbers, [1.0] * 50, seed=1)
    assert ratio(numbers, [1.0] * 50, seed=1) != ratio(numbers, [1.0] * 50, seed=2)


@settings(max_examples=20)
@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_the_interval_lies_within_what_a_share_can_be(hits: list[bool]) -> None:
    measure = share_of(hits, seed=0)
    assert 0 <= measure.low <= measure.high <= 1
