"""How many processors this process may use: its control groups' share of the machine's."""

import math
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from components.runtime.cgroups import control_groups, read_kernel_file

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
    shares = (share for group in control_groups("cpu", root) for share in _shares(group))
    return min([bound, *(max(math.ceil(share), 1) for share in shares)])


def limit_numpy(environment: MutableMapping[str, str]) -> None:
    """Have numpy use no more threads, unless the environment decides; before numpy is loaded."""
    if not environment.get(THREADS_VARIABLE):
        environment.setdefault(NUMPY_VARIABLE, str(processors()))


def _shares(group: Path) -> Iterator[float]:
    """The processors' worth of time of one group, where it is limited."""
    for names in (NEW, OLD):
        match " ".join(read_kernel_file(group / name) for name in names).split():
            case [quota, period] if quota.isdecimal() and period.isdecimal() and int(period):
                yield int(quota) / int(period)


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
    for line in read_kernel_file(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""
