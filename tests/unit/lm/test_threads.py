"""Torch computes with as many threads as there are processors for it."""

import pytest
import torch

from components.lm import threads
from components.lm.threads import limit_threads


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the number of threads is set to, on a machine of six."""
    numbers: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    monkeypatch.setattr(torch, "set_num_threads", numbers.append)
    return numbers


@pytest.mark.parametrize(("processors", "count"), [(1, 1), (2, 2), (64, 6)])
@pytest.mark.parametrize("said", [None, ""])
def test_threads_are_no_more_than_the_processors(
    processors: int,
    count: int,
    said: str | None,
    set_to: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "processors", lambda: processors)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    limit_threads()
    assert set_to == [count]


def test_the_environment_says_how_many(set_to: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "processors", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    limit_threads()
    assert set_to == []
