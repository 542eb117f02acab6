"""How many rows the running batch has: as many as are needed at once, within its memory."""

from types import SimpleNamespace
from typing import Any

import pytest

from components.lm.engine.rows import FEWEST_ROWS, SMALLEST_ROW, Rows

POSITION = 10  # bytes


class Cache:
    """A decoder that only notes how large its cache is."""

    positions = 1000
    position_bytes = POSITION

    def __init__(self) -> None:
        self.rows, self.row_positions = 0, 0

    def resize(self, rows: int, positions: int) -> None:
        self.rows, self.row_positions = rows, positions


def job(samples: int, positions: int = 50) -> Any:
    return SimpleNamespace(request=SimpleNamespace(n=samples), positions=positions)


@pytest.fixture
def cache() -> Cache:
    return Cache()


def rows_for(cache: Cache, *, rows: int, most: int | None = None) -> Rows:
    return Rows(cache, most, rows * SMALLEST_ROW * POSITION)  # type: ignore[arg-type]


def test_one_short_request_takes_little_of_a_large_cache(cache: Cache) -> None:
    assert rows_for(cache, rows=10_000).make_room(0, job(1), [])
    assert (cache.rows, cache.row_positions) == (FEWEST_ROWS, SMALLEST_ROW)


def test_rows_follow_the_load_and_stay(cache: Cache) -> None:
    rows = rows_for(cache, rows=1000)
    sizes = []
    for taken, samples in ((0, 10), (10, 10), (20, 300), (0, 1)):
        assert rows.make_room(taken, job(samples), [])
        sizes.append(cache.rows)
    assert sizes == [16, 32, 512, 512]


@pytest.mark.parametrize(("most", "there"), [(None, 100), (20, 20), (1, 1)])
def test_memory_and_the_operator_are_the_limits(cache: Cache, most: int | None, there: int) -> None:
    rows = rows_for(cache, rows=100, most=most)
    assert rows.most == there
    assert rows.make_room(0, job(500), [])
    assert cache.rows == there
    assert not rows.make_room(there, job(1), [])


def test_longer_rows_are_fewer(cache: Cache) -> None:
    rows = rows_for(cache, rows=100)
    assert rows.make_room(0, job(90), [])
    assert rows.make_room(0, job(1, positions=250), [])
    assert (cache.rows, cache.row_positions) == (25, 256)
