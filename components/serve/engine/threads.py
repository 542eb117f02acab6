"""How many threads compute, and how long they wait for each other before they sleep."""

import ctypes
import math
import os
from collections.abc import MutableMapping
from pathlib import Path

SPINS, SPIN_VARIABLE = "10000", "GOMP_SPINCOUNT"
"""A tenth of a millisecond. By default a thread that waits keeps its processor busy for several
milliseconds after each matrix product, even when the thread it waits for needs that processor:
beside two busy processes on two processors a token took 1.2 s so, and 0.18 s with this; alone it
takes 17 ms either way."""
THREADS_VARIABLE = "OMP_NUM_THREADS"
CGROUP = Path("/sys/fs/cgroup")
PAUSE_SOFT = 1
"""`omp_pause_soft` of OpenMP 5.0, 3.2.44: helpers end, settings stay."""


def wait_briefly(environment: MutableMapping[str, str]) -> None:
    """Have threads that wait sleep soon, unless the environment decides; before torch is loaded."""
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault(SPIN_VARIABLE, SPINS)


def limit_threads() -> None:
    """Compute with no more threads than this pod has processors, unless the environment decides."""
    import torch

    if THREADS_VARIABLE not in os.environ:
        torch.set_num_threads(min(torch.get_num_threads(), processors()))


def release_helpers() -> None:
    """End the threads that help this one to compute; the next product starts them anew.

    GNU's OpenMP keeps helpers for every thread that ever computed. Once there are more of them
    than processors it has all of them sleep between any two products, and be woken again: a token
    took 1.5 times as long so. Whoever stops computing for a while lets its helpers go.
    """
    pause = getattr(ctypes.CDLL(None), "omp_pause_resource_all", None)
    if pause is not None:
        pause(PAUSE_SOFT)


def processors(cgroup: Path = CGROUP) -> int:
    """The processors that this process may use: of those it is bound to, its pod's share."""
    bound = len(os.sched_getaffinity(0))
    quota, period = _quota(cgroup)
    return min(bound, max(math.ceil(quota / period), 1)) if quota > 0 else bound


def _quota(cgroup: Path) -> tuple[int, int]:
    """Microseconds of processor time in each period, and the period's; 0 for no limit.

    Of control groups v2, else v1 (docs.kernel.org/admin-guide/cgroup-v2.html, "cpu.max").
    """
    old = [cgroup / "cpu" / f"cpu.cfs_{name}_us" for name in ("quota", "period")]
    for files in ([cgroup / "cpu.max"], old):
        if all(file.is_file() for file in files):
            quota, period = " ".join(file.read_text() for file in files).split()
            return (0 if quota == "max" else int(quota)), int(period)
    return 0, 1
