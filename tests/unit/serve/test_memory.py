"""How much memory there is for models: the machine's, or what the pod may take of it."""

from pathlib import Path

import pytest

from components.serve.memory import memory_limit, total_memory

GIB = 1 << 30
MACHINE = f"MemTotal: {8 << 20} kB\nMemAvailable: {2 << 20} kB\n"


def machine(root: Path, *groups: str) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(MACHINE)
    (root / "proc/self/cgroup").write_text("".join(f"{group}\n" for group in groups))


def limit(file: Path, said: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(said + "\n")


def test_without_a_limit_all_of_the_machine_counts(tmp_path: Path) -> None:
    machine(tmp_path)
    assert total_memory(tmp_path) == 8 * GIB


@pytest.mark.parametrize(
    ("file", "said", "total"),
    [
        ("memory.max", str(GIB), GIB),
        ("memory.max", "max", 8 * GIB),
        ("memory/memory.limit_in_bytes", str(2 * GIB), 2 * GIB),
        ("memory/memory.limit_in_bytes", "9223372036854771712", 8 * GIB),
    ],
)
def test_a_container_has_what_its_group_may_take(
    tmp_path: Path, file: str, said: str, total: int
) -> None:
    machine(tmp_path, "0::/")
    limit(tmp_path / "sys/fs/cgroup" / file, said)
    assert total_memory(tmp_path) == total


def test_a_group_within_another_has_the_least_of_both(tmp_path: Path) -> None:
    machine(tmp_path, "0::/user.slice/own")
    limit(tmp_path / "sys/fs/cgroup/user.slice/memory.max", str(3 * GIB))
    limit(tmp_path / "sys/fs/cgroup/user.slice/own/memory.max", str(4 * GIB))
    limit(tmp_path / "sys/fs/cgroup/user.slice/other/memory.max", str(GIB))
    assert total_memory(tmp_path) == 3 * GIB


def test_what_is_asked_for_wins() -> None:
    assert memory_limit(1.5) == 1_500_000_000
