"""The memory that this process has."""

import resource
from pathlib import Path


def resident() -> int:
    """Bytes in memory now (proc_pid_statm(5))."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
