"""The version in production, which a new model has to be compared with."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.contracts.artifacts import MANIFEST
from components.contracts.registry import Manifest
from components.lm.provenance import finetuned_sha256
from components.registry import PRODUCTION, Registry


def champion_version(registry: Registry, persona: str, model: Path) -> int | None:
    """The number of the version in production; None while there is none, or it is stale.

    Where it is the very model that is to be judged, as in a run that is resumed after its end, it
    is the version that was in production before.
    """
    alias = registry.alias(persona, PRODUCTION)
    if alias is None:
        return None
    stale = registry.stale().of(persona)
    own, kept = finetuned_sha256(model), set(registry.versions(persona)) - stale
    others = (
        move.version
        for move in reversed(alias.history)
        if move.version in kept and _digest(registry.manifest(persona, move.version)) != own
    )
    return next(others, None)


@contextmanager
def downloaded_champion(uri: str, persona: str, model: Path) -> Iterator[Path | None]:
    """The folder of that version, fetched from the registry at `uri` and removed in the end."""
    registry = Registry.open(uri)
    version = champion_version(registry, persona, model)
    if version is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="champion-") as place:
        folder = Path(place) / f"{persona}-{version}"
        registry.download(persona, version, folder).write(folder / MANIFEST)
        yield folder


def champion_sha256(folder: Path) -> str:
    """The digest of the model in this folder: a version's manifest knows it."""
    manifest = folder / MANIFEST
    known = _digest(Manifest.read(manifest)) if manifest.is_file() else None
    return known or finetuned_sha256(folder)


def _digest(manifest: Manifest) -> str | None:
    """The digest of the finetuned-model that the version was published from, where it says so."""
    return manifest.lineage.digests.finetuned_model
