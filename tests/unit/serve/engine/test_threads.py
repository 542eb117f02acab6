"""A pod's share of the processors decides how many threads compute."""

import os
from pathlib import Path

import pytest
import torch

from components.serve.engine import threads
from components.serve.engine.threads import limit_threads, processors, wait_briefly


@pytest.fixture(autouse=True)
def _a_machine_of_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))


@pytest.mark.parametrize(
    ("said", "count"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1),
     ("9900000 100000", 8)],
)  # fmt: skip
def test_the_share_of_a_control_group(tmp_path: Path, said: str, count: int) -> None:
    (tmp_path / "cpu.max").write_text(said + "\n")
    assert processors(tmp_path) == count


@pytest.mark.parametrize(("quota", "count"), [("-1", 8), ("300000", 3)])
def test_the_share_of_an_old_control_group(tmp_path: Path, quota: str, count: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert processors(tmp_path) == count


def test_without_control_groups_every_processor_counts(tmp_path: Path) -> None:
    assert processors(tmp_path) == 8


def test_threads_are_limited_unless_the_environment_says_how_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_to: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)
    monkeypatch.setattr(threads, "processors", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    limit_threads()
    assert set_to == []
    monkeypatch.delenv("OMP_NUM_THREADS")
    limit_threads()
    assert set_to == [2]


def test_threads_wait_briefly_unless_the_environment_says_how_long() -> None:
    for given, wanted in (
        ({}, {"GOMP_SPINCOUNT": "10000"}),
        ({"GOMP_SPINCOUNT": "7"}, {"GOMP_SPINCOUNT": "7"}),
        ({"OMP_WAIT_POLICY": "active"}, {"OMP_WAIT_POLICY": "active"}),
    ):
        environment: dict[str, str] = dict(given)
        wait_briefly(environment)
        assert environment == wanted
