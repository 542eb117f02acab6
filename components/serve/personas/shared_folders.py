"""Folders that several servers share on a disk: one at a time makes or deletes each.

Beside a folder `3` stand `.3.lock`, held by whoever makes or deletes it, and `.3.used`, held
together by all that need its files.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from components.runtime.closing import Closing
from components.runtime.lock import Lock, lock
from components.storage.walking import files_below


@dataclass(frozen=True)
class Kept(Closing):
    """A folder whose files stay on this disk until it is closed."""

    folder: Path
    _used: Lock

    def close(self) -> None:
        """Let it be deleted; more than once does no harm."""
        self._used.close()


@contextmanager
def alone_with(folder: Path) -> Iterator[None]:
    """Keep other threads and processes from this folder."""
    while True:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # the last version left, and the folder with it
            held = Lock(_beside(folder, "lock"))
            break
    with held:
        yield


def keep(folder: Path) -> Kept:
    """Say that the folder is used. Only while one is alone with it: nobody deletes it then."""
    return Kept(folder, Lock(_beside(folder, "used"), shared=True))


def remove(folder: Path) -> int | None:
    """Delete a folder and what stands beside it; the bytes freed, None if somebody needs it.

    It is moved aside first: what a killed deletion leaves is never taken for the folder. The locks
    go last; who waits for one takes another, on a file of its own.
    """
    used, fetched = _beside(folder, "used"), _beside(folder, "lock")
    try:
        with lock(fetched, wait=False), lock(used, wait=False):
            leftovers = [_beside(folder, what) for what in ("gone", "draft", "old")]
            freed = sum(map(size, (folder, *leftovers)))
            shutil.rmtree(leftovers[0], ignore_errors=True)
            if folder.exists():
                folder.rename(leftovers[0])
            for path in leftovers:
                shutil.rmtree(path, ignore_errors=True)
            for file in (folder.with_name(f"{folder.name}.json"), used, fetched):
                file.unlink(missing_ok=True)
    except BlockingIOError:
        return None
    except FileNotFoundError:  # another server just deleted the last version, and their folder
        return 0
    with suppress(OSError):  # there are others in it
        folder.parent.rmdir()
    return freed


def size(folder: Path) -> int:
    """Bytes below a folder, as far as nobody deletes them at this moment; 0 where there is none."""
    total = 0
    for _, file in files_below(os.fspath(folder)):
        with suppress(FileNotFoundError):
            total += file.stat(follow_symlinks=False).st_size
    return total


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}")
