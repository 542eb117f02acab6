"""Digests of files and folders."""

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

SETTLED_SECONDS = 2.0
"""A file that changed later than that ago may change again within its times' resolution."""

_known: dict[tuple[int, ...], str] = {}
"""What this process has hashed, by what tells that a file is still the same."""


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex; read once in a process while the file stays as it is.

    Whether it stays is told by device, inode, size and the times of its last changes, as git's
    index does; the time of the last status change cannot be set back.
    """
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        key = (before.st_dev, before.st_ino, before.st_size, before.st_mtime_ns, before.st_ctime_ns)
        if (known := _known.get(key)) is None:
            known = hashlib.file_digest(file, "sha256").hexdigest()
            if time.time() - before.st_ctime > SETTLED_SECONDS:
                _known[key] = known
    return known


def folder_sha256(folder: Path, *, leave_out: frozenset[str] = frozenset()) -> str:
    """The SHA-256 of a folder: of its lines `<sha256 of the file>  <relative path>`, by path.

    This is what `sha256sum` prints for the sorted files, so anyone can check it by hand.
    """
    names = {file.relative_to(folder).as_posix(): file for file in files_of(folder)}
    return listing_sha256(
        {name: file_sha256(file) for name, file in names.items() if name not in leave_out}
    )


def listing_sha256(files: Mapping[str, str]) -> str:
    """The same for files whose SHA-256 are known, by relative path."""
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Every file below `folder`, ordered by its relative path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())
