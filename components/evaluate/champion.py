"""The version in production, which a new model has to be compared with."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.contracts.artifacts import MANIFEST
from components.contracts.registry import Manifest
from components.lm.provenance import base_sha256, finetuned_sha256
from components.registry import PRODUCTION, Registry
from components.registry.layout import base_folder, version_folder


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
def downloaded_champion(
    uri: str, persona: str, model: Path, base_model: Path | None = None
) -> Iterator[Path | None]:
    """The folder of that version, fetched from the registry at `uri` and removed in the end.

    `base_model` is as in `download_champion`.
    """
    registry = Registry.open(uri)
    version = champion_version(registry, persona, model)
    if version is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="champion-") as place:
        yield download_champion(registry, persona, version, Path(place), base_model)


def download_champion(
    registry: Registry, persona: str, version: int, place: Path, base_model: Path | None
) -> Path:
    """Fetch a version into a folder below `place`; an adapter with its base model beside it.

    The two lie as in their registry, where `whole_model` looks; a base model that is in the folder
    `base_model` already is not fetched again.
    """
    folder = place / version_folder(persona, version)
    manifest = registry.download(persona, version, folder)
    manifest.write(folder / MANIFEST)
    adapted = manifest.base_model
    if adapted and not (base_model and base_sha256(base_model) == adapted.sha256):
        registry.download_base(adapted.sha256, place / base_folder(adapted.sha256))
    return folder


def champion_sha256(folder: Path) -> str:
    """The digest of the model in this folder: a version's manifest knows it."""
    manifest = folder / MANIFEST
    known = _digest(Manifest.read(manifest)) if manifest.is_file() else None
    return known or finetuned_sha256(folder)


def _digest(manifest: Manifest) -> str | None:
    """The digest of the finetuned-model that the version was published from, where it says so."""
    return manifest.lineage.digests.finetuned_model
