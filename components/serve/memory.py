"""How much memory there is for models."""

from pathlib import Path

SHARE = 0.8
CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_MEMINFO = Path("/proc/meminfo")


def memory_limit(gigabytes: float | None) -> int:
    """Bytes that models may take: what was asked for, else most of what the machine or pod has."""
    return int(gigabytes * 1e9) if gigabytes else int(SHARE * total_memory())


def total_memory() -> int:
    """Bytes that this pod may use, or that this machine has."""
    return min([_from_meminfo("MemTotal"), *_limits()])


def memory_used() -> tuple[int, int]:
    """Bytes in use on this machine, and bytes that are free to be used."""
    available = _from_meminfo("MemAvailable")
    return _from_meminfo("MemTotal") - available, available


def _limits() -> list[int]:
    texts = (path.read_text().strip() for path in CGROUP_LIMITS if path.is_file())
    return [int(text) for text in texts if text.isdigit()]


def _from_meminfo(key: str) -> int:
    for line in _MEMINFO.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    return 1 << 40
