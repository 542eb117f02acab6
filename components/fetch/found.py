"""A base model that a source has found, and which of its files are taken."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from huggingface_hub import metadata_load
from yaml import YAMLError

from components.contracts.artifacts import MODEL_CARD, MODEL_FILES

NOT_WANTED = ("fetch.json", "train.json", "evaluation.json", "manifest.json")
"""Ours, of a model that came out of this project."""


Place = Literal["hub", "folder", "storage", "bundled"]


def place_of(name: str) -> Place:
    """Where the model called `name` is to be had."""
    if name == "bundled":
        return "bundled"
    if name.startswith(("gs://", "s3://", "file://")):
        return "storage"
    if Path(name).exists() or name.startswith(("/", ".", "~")) or name.endswith("/"):
        return "folder"
    return "hub"


@dataclass(frozen=True)
class Found:
    """What a source says of its model."""

    id: str
    source: Place
    revision: str | None = None
    license: str | None = None


def is_wanted(name: str) -> bool:
    """Whether the file `name`, relative to the model's folder, belongs to the model."""
    return (
        "/" not in name
        and name not in NOT_WANTED
        and any(fnmatch(name, pattern) for pattern in MODEL_FILES)
    )


def stated_license(folder: Path) -> str | None:
    """What the model card in `folder` states, if there is one that can be read."""
    try:
        facts = metadata_load(folder / MODEL_CARD) or {}
    except (OSError, ValueError, YAMLError):
        return None
    stated = facts.get("license")
    return stated if isinstance(stated, str) else None


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
