"""How much memory there is for models."""

from pathlib import Path

from components.runtime.cgroups import control_groups, read_kernel_file

SHARE = 0.8
CGROUP_LIMITS = ("memory.max", "memory.limit_in_bytes")
"""Bytes, in control groups v2 and v1: docs.kernel.org/admin-guide/cgroup-v2.html ("memory.max"),
docs.kernel.org/admin-guide/cgroup-v1/memory.html."""


def memory_limit(gigabytes: float | None) -> int:
    """Bytes that models may take: what was asked for, else most of what the machine or pod has."""
    return int(gigabytes * 1e9) if gigabytes else int(SHARE * total_memory())


def total_memory(root: Path = Path("/")) -> int:
    """Bytes that this pod may use, or that this machine has."""
    return min([_from_meminfo("MemTotal", root), *_limits(root)])


def memory_used() -> tuple[int, int]:
    """Bytes in use on this machine, and bytes that are free to be used."""
    available = _from_meminfo("MemAvailable")
    return _from_meminfo("MemTotal") - available, available


def _limits(root: Path) -> list[int]:
    groups = control_groups("memory", root)
    texts = (read_kernel_file(group / name).strip() for group in groups for name in CGROUP_LIMITS)
    return [int(text) for text in texts if text.isdecimal()]


def _from_meminfo(key: str, root: Path = Path("/")) -> int:
    for line in read_kernel_file(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    return 1 << 40
