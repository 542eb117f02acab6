"""Locks on files and folders: they keep other threads and processes out, and die with theirs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock on `path`, a folder or a file that is made if need be, while the block runs.

    Raises:
        BlockingIOError: somebody else holds it, and `wait` is false.
        OSError: it cannot be opened, or the file system knows no locks.
    """
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        hold(handle, wait=wait)
        yield
    finally:
        os.close(handle)


def hold(handle: int, *, wait: bool = True) -> None:
    """Lock what is open under this number, until it is closed; raises as `lock` does."""
    fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
