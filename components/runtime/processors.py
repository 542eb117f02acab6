"""How many processors this process may use: its control groups' share of the machine's."""

import math
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path, PurePosixPath

THREADS_VARIABLE = "OMP_NUM_THREADS"
"""Of OpenMP 5.0, 6.2: how many threads compute, for torch and for numpy's products of matrices."""
NUMPY_VARIABLE = "OPENBLAS_NUM_THREADS"
"""The same for numpy's alone, which read it as numpy is loaded."""
NEW, OLD = ("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")
"""Microseconds of processor time in each period, and the period's, of control groups v2 and v1:
docs.kernel.org/admin-guide/cgroup-v2.html ("cpu.max"), docs.kernel.org/scheduler/sched-bwc.html."""


def processors(root: Path = Path("/")) -> int:
    """The processors that this process may use, at least 1: of those it is bound to, its share.

    A control group has its own share, and that of every group around it. Half a processor is one.
    """
    bound = len(os.sched_getaffinity(0))
    shares = (share for group in _groups(root) for share in _shares(group))
    return min([bound, *(max(math.ceil(share), 1) for share in shares)])


def limit_numpy(environment: MutableMapping[str, str]) -> None:
    """Have numpy use no more threads, unless the environment decides; before numpy is loaded."""
    if not environment.get(THREADS_VARIABLE):
        environment.setdefault(NUMPY_VARIABLE, str(processors()))


def _groups(root: Path) -> Iterator[Path]:
    """The folders of this process's control groups, and of those around them.

    A container sees its own group as the outermost, whatever path `/proc` states: what is not
    there is passed over.
    """
    mounts = root / "sys/fs/cgroup"
    yield from (mounts, mounts / "cpu")
    for controllers, path in _memberships(root / "proc/self/cgroup"):
        names = (controllers, "cpu") if controllers else ("", "unified")
        for group in (path, *path.parents):
            yield from (mounts / name / group for name in names)


def _memberships(file: Path) -> Iterator[tuple[str, PurePosixPath]]:
    """The controllers, none in v2, and the path of each group that may limit processors.

    `NUMBER:CONTROLLERS:PATH` a line (cgroups(7), "/proc/pid/cgroup").
    """
    for line in _read(file).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        inside = PurePosixPath(path.strip("/"))
        if (not controllers or "cpu" in controllers.split(",")) and ".." not in inside.parts:
            yield controllers, inside


def _shares(group: Path) -> Iterator[float]:
    """The processors' worth of time of one group, where it is limited."""
    for names in (NEW, OLD):
        match " ".join(_read(group / name) for name in names).split():
            case [quota, period] if quota.isdecimal() and period.isdecimal() and int(period):
                yield int(quota) / int(period)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def processor_features(root: Path = Path("/")) -> frozenset[str] | None:
    """The instructions that Linux says the processor has; None where it does not say."""
    for key in ("flags", "Features"):  # x86-64, AArch64: proc_cpuinfo(5)
        if words := _cpuinfo(root, key):
            return frozenset(words.split())
    return None


def processor_name(root: Path = Path("/")) -> str:
    """What Linux calls the processor; empty where it does not say."""
    return _cpuinfo(root, "model name") or _cpuinfo(root, "CPU part")


def _cpuinfo(root: Path, key: str) -> str:
    """The first value of this key."""
    for line in _read(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""
