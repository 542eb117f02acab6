"""A pod's share of the processors, as its control groups state it."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.runtime.command import run_command
from components.runtime.processors import limit_numpy, processors

NEW, OLD = "sys/fs/cgroup", "sys/fs/cgroup/cpu"


@pytest.fixture(autouse=True)
def _a_machine_of_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))


def limit(group: Path, quota: str, period: str = "100000") -> None:
    """Limit a group of control groups v2."""
    group.mkdir(parents=True, exist_ok=True)
    (group / "cpu.max").write_text(f"{quota} {period}\n")


def limit_old(group: Path, quota: str, period: str = "100000") -> None:
    """Limit a group of control groups v1."""
    group.mkdir(parents=True, exist_ok=True)
    (group / "cpu.cfs_quota_us").write_text(quota + "\n")
    (group / "cpu.cfs_period_us").write_text(period + "\n")


def belong(root: Path, *lines: str) -> None:
    """Have this process belong to these control groups."""
    file = root / "proc/self/cgroup"
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(
    ("quota", "period", "count"),
    [("max", "100000", 8), ("200000", "100000", 2), ("150000", "100000", 2), ("10000", "100000", 1),
     ("25000", "50000", 1), ("110000", "50000", 3), ("0", "100000", 1), ("9900000", "100000", 8)],
)  # fmt: skip
def test_the_share_of_a_container(tmp_path: Path, quota: str, period: str, count: int) -> None:
    belong(tmp_path, "0::/")
    limit(tmp_path / NEW, quota, period)
    assert processors(tmp_path) == count


@pytest.mark.parametrize(
    ("quota", "period", "count"),
    [("-1", "100000", 8), ("300000", "100000", 3), ("50000", "100000", 1), ("70000", "20000", 4)],
)
@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_the_share_of_an_old_container_whose_groups_path_is_the_hosts(
    tmp_path: Path, mount: str, quota: str, period: str, count: int
) -> None:
    belong(tmp_path, "9:memory:/docker/0af1", "4:cpu,cpuacct:/docker/0af1", "0::/docker/0af1")
    limit_old(tmp_path / "sys/fs/cgroup" / mount, quota, period)
    assert processors(tmp_path) == count


def test_a_nested_group_has_the_least_share_of_those_around_it(tmp_path: Path) -> None:
    belong(tmp_path, "0::/user.slice/run: 1.scope")
    limit(tmp_path / NEW / "user.slice", "300000")
    limit(tmp_path / NEW / "user.slice/run: 1.scope", "max")
    assert processors(tmp_path) == 3
    limit(tmp_path / NEW / "user.slice/run: 1.scope", "120000")
    assert processors(tmp_path) == 2
    limit(tmp_path / NEW / "user.slice", "100000")
    assert processors(tmp_path) == 1


def test_a_nested_group_of_the_old_kind(tmp_path: Path) -> None:
    belong(tmp_path, "3:cpuset:/kubepods", "2:cpuacct,cpu:/kubepods/pod1/main", "0::/")
    limit_old(tmp_path / OLD, "-1")
    limit_old(tmp_path / OLD / "kubepods/pod1", "250000")
    limit_old(tmp_path / OLD / "kubepods/pod1/main", "-1")
    assert processors(tmp_path) == 3


def test_a_neighbours_limit_does_not_count(tmp_path: Path) -> None:
    belong(tmp_path, "0::/user.slice/own", "7:cpuset:/held")
    limit(tmp_path / NEW / "user.slice/other", "100000")
    limit_old(tmp_path / OLD / "held", "100000")
    assert processors(tmp_path) == 8


def test_a_group_outside_of_what_is_mounted_is_passed_over(tmp_path: Path) -> None:
    belong(tmp_path, "0::/../other")
    limit(tmp_path / NEW, "400000")
    limit(tmp_path / "sys/fs/other", "100000")
    assert processors(tmp_path) == 4


def test_without_control_groups_every_processor_counts(tmp_path: Path) -> None:
    assert processors(tmp_path) == 8


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.text())
def test_whatever_the_files_hold_there_is_a_count(tmp_path: Path, said: str, own: str) -> None:
    group = tmp_path / NEW
    group.mkdir(parents=True, exist_ok=True)
    (group / "cpu.max").write_text(said)
    (tmp_path / "proc/self").mkdir(parents=True, exist_ok=True)
    (tmp_path / "proc/self/cgroup").write_text(own)
    assert 1 <= processors(tmp_path) <= 8


@pytest.mark.parametrize(
    ("given", "numpys"),
    [({}, "8"), ({"OMP_NUM_THREADS": ""}, "8"), ({"OMP_NUM_THREADS": "3"}, None),
     ({"OPENBLAS_NUM_THREADS": "2"}, "2")],
)  # fmt: skip
def test_numpy_is_limited_unless_the_environment_says_how_many(
    given: dict[str, str], numpys: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.runtime.processors.processors", lambda: 8)
    environment = dict(given)
    limit_numpy(environment)
    assert environment.get("OPENBLAS_NUM_THREADS") == numpys


def test_every_command_limits_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.runtime.processors.processors", lambda: 1)
    monkeypatch.setattr(os, "environ", {})
    said: list[str] = []
    run_command(lambda: said.append(os.environ["OPENBLAS_NUM_THREADS"]))
    assert said == ["1"]
