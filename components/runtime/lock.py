"""Locks on files and folders: they keep other threads and processes out, and die with theirs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.runtime.closing import Closing


class Lock(Closing):
    """A lock that is held until it is closed."""

    def __init__(self, path: Path, *, wait: bool = True, shared: bool = False) -> None:
        """Lock `path`, a folder or a file that is made if need be.

        A `shared` lock keeps out those that are not. Where a file was deleted while its lock was
        waited for, the file that stands there now is locked: a holder may delete its own.

        Raises:
            BlockingIOError: somebody else holds it, and `wait` is false.
            OSError: it cannot be opened, or the file system knows no locks.
        """
        self._handle: int | None = None
        while self._handle is None:
            self._handle = _locked(path, wait=wait, shared=shared)

    def close(self) -> None:
        """Let go of it; more than once does no harm."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            os.close(handle)


@contextmanager
def lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock on `path` while the block runs; see `Lock`."""
    with Lock(path, wait=wait):
        yield


def hold(handle: int, *, wait: bool = True, shared: bool = False) -> None:
    """Lock what is open under this number, until it is closed; raises as `Lock` does."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    fcntl.flock(handle, kind | (0 if wait else fcntl.LOCK_NB))


def _locked(path: Path, *, wait: bool, shared: bool) -> int | None:
    """What is open and locked there; None where the file is another by now."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        hold(handle, wait=wait, shared=shared)
        if _stands_at(path, handle):
            return handle
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _stands_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
