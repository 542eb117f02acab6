"""Digests of files and folders."""

import hashlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sha256(folder: Path, *, leave_out: frozenset[str] = frozenset()) -> str:
    """The SHA-256 of a folder: of its lines `<sha256 of the file>  <relative path>`, by path.

    This is what `sha256sum` prints for the sorted files, so anyone can check it by hand.
    """
    lines = "".join(
        f"{file_sha256(file)}  {file.relative_to(folder).as_posix()}\n"
        for file in files_of(folder)
        if file.relative_to(folder).as_posix() not in leave_out
    )
    return hashlib.sha256(lines.encode()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Every file below `folder`, ordered by its relative path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix())
