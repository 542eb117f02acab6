"""The documents of the registry: a version's manifest and an alias."""

from typing import Any

from components.contracts.base import Contract, Report, Timestamp


class FileEntry(Contract):
    """One file of a version."""

    path: str
    """Relative to the version's folder, with forward slashes."""
    size: int
    """Bytes."""
    sha256: str


class Manifest(Report):
    """`registry/<persona>/versions/<n>/manifest.json`: written last, so a version exists with it."""

    persona: str
    version: int
    created_at: Timestamp
    files: tuple[FileEntry, ...]
    """Every file of the version but this one, by path."""
    lineage: dict[str, Any]
    """From the input's digest to the model: each stage's report and configuration, by stage."""


class AliasMove(Contract):
    """One move of an alias."""

    version: int
    manifest_sha256: str
    moved_at: Timestamp


class Alias(Report):
    """An alias file: where it points, and every place that it pointed to, oldest first."""

    version: int
    manifest_sha256: str
    history: tuple[AliasMove, ...]
    """The last one is where it points now."""
