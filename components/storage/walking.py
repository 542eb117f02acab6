"""What lies below a folder of this machine."""

import os
from collections.abc import Iterator


def files_below(folder: str, start: str = "") -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Every file below `folder` with its relative name, led by `start`, in any order.

    Links to files count, links to folders are not followed; a folder that goes away meanwhile, or
    is none, holds nothing.
    """
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files_below(entry.path, f"{start}{entry.name}/")
            elif entry.is_file():
                yield start + entry.name, entry
