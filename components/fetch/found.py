"""A base model that a source has found, and which of its files are taken."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
"""Weights, configuration and tokenizer; never pickled weights or code."""
NOT_WANTED = ("fetch.json", "train.json")


@dataclass(frozen=True)
class Found:
    """What a source says of its model."""

    id: str
    source: Literal["hub", "folder", "storage", "bundled"]
    revision: str | None = None
    license: str | None = None


def is_wanted(name: str) -> bool:
    """Whether the file `name`, relative to the model's folder, belongs to the model."""
    return (
        "/" not in name
        and name not in NOT_WANTED
        and any(fnmatch(name, pattern) for pattern in WANTED)
    )


def take(
    files: Iterable[Path],
    target: Path,
    how: Callable[[Path, Path], object] = shutil.copyfile,
) -> None:
    """Put the wanted ones of `files` into the folder `target`."""
    for file in files:
        if file.is_file() and is_wanted(file.name):
            how(file, target / file.name)


def link_or_copy(source: Path, target: Path) -> None:
    """Give `source`, a file of a cache that is never changed, a second name; else copy it."""
    try:
        target.hardlink_to(source.resolve())
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)
