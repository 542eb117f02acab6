"""Publishing: gather the files, decide the number, put everything in its place, manifest last.

A publisher gathers its files under `uploads/<random name>/`, where nobody else writes. Then it
claims the next number by creating `claims/<n>.json`, which holds the whole manifest: from here on
version n is decided. Anyone who meets a claim finishes it the same way (copy the files into
`versions/<n>/`, write the manifest, move `latest`, clear away), and since all of them write the
same bytes, it does not matter how many do, or which of them is killed.
"""

import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from components.contracts.artifacts import MANIFEST
from components.contracts.errors import BadInputError
from components.contracts.lineage import Lineage
from components.contracts.registry import AliasMove, Claim, FileEntry, Manifest
from components.contracts.reports import BaseModelFacts
from components.registry.aliases import Announce, announce_nothing, move_alias
from components.registry.documents import as_bytes, read_document
from components.registry.layout import (
    LATEST,
    claim_key,
    claimed_versions,
    manifest_key,
    published_versions,
    staging_folder,
    version_folder,
)
from components.runtime.digests import file_sha256, files_of
from components.storage import ConflictError, ObjectMissingError, StorageError, Store
from components.storage.errors import TransientError
from components.storage.retry import attempts
from components.storage.transfer import upload_files

Write = Callable[[int, Path], None]

TRIED_AGAIN = timedelta(days=7)
"""How long after its first attempt a job may be tried again."""
PATIENCE = 3600.0
"""Seconds that a publisher goes on while others take every number before it."""


def publish(
    store: Store,
    persona: str,
    write: Write,
    lineage: Lineage,
    formats: Mapping[str, float] | None = None,
    job: str | None = None,
    *,
    upload: str | None = None,
    announce: Announce = announce_nothing,
    base_model: BaseModelFacts | None = None,
) -> Manifest:
    """Publish what `write(version, folder)` writes as the next version.

    `write` is called again with the next number if another publisher was faster. With a `job`, the
    version that an earlier attempt of it published, or was killed while doing so, is returned.
    `upload` is a name that no other publish has, a random one if left out; `announce` is told the
    number right before it is claimed.

    Raises:
        BadInputError: `write` wrote nothing, or a file of the manifest's name.
        StorageError: the store cannot be used; nothing is visible then.
    """
    upload = upload or uuid.uuid4().hex
    sent: dict[str, FileEntry] = {}
    for _ in attempts(PATIENCE):
        version = settle(store, persona) + 1
        if job and (done := published_by(store, persona, job)):
            return done
        with tempfile.TemporaryDirectory() as name, _cleared_if_failed(store, persona, upload):
            write(version, Path(name))
            _gather(store, staging_folder(persona, upload), Path(name), sent)
            announce(version)
        manifest = Manifest(
            persona=persona,
            version=version,
            created_at=datetime.now(UTC),
            files=tuple(sent[path] for path in sorted(sent)),
            lineage=lineage,
            base_model=base_model,
            formats=dict(formats or {}),
            upload=upload,
            job=job or "",
        )
        with suppress(ConflictError):  # another's, or ours after all: the manifest will tell
            store.create(claim_key(persona, version), as_bytes(Claim(manifest=manifest)))
        settle(store, persona)
        if _is_published(store, manifest):
            return manifest
    raise ConflictError(f"others keep publishing {persona} in {store.uri}; try again later")


def settle(store: Store, persona: str) -> int:
    """Finish every version that is decided; return the newest version, 0 where there is none."""
    for version in claimed_versions(store, persona):
        claim = read_document(store, claim_key(persona, version), Claim)
        if claim is None:  # finished by somebody else
            continue
        # Read after the claim: nobody can have claimed a number that was published before.
        newest = max(published_versions(store, persona), default=0)
        if version == newest + 1:
            _put_in_place(store, claim.manifest)
        _clear_away(store, claim.manifest)
    return max(published_versions(store, persona), default=0)


def upload_is_lost(store: Store, manifest: Manifest) -> bool:
    """Whether a claimed version can no longer be finished, since its gathered files are gone."""
    source = staging_folder(manifest.persona, manifest.upload)
    found = {stat.key.removeprefix(source) for stat in store.list(source)}
    return any(entry.path not in found for entry in manifest.files) and not _is_published(
        store, manifest
    )


def _gather(store: Store, prefix: str, folder: Path, sent: dict[str, FileEntry]) -> None:
    """Upload what differs from what was sent before; bring `sent` up to date."""
    entries = {entry.path: entry for entry in map(_entry(folder), files_of(folder))}
    if not entries:
        raise BadInputError("there is nothing to publish: no file was written")
    if MANIFEST in entries:
        raise BadInputError(f"a version may not bring its own {MANIFEST}")
    for path in sent.keys() - entries.keys():
        store.delete(prefix + path)
    changed = [path for path, entry in entries.items() if sent.get(path) != entry]
    upload_files(store, {prefix + path: folder / path for path in changed})
    sent.clear()
    sent.update(entries)


def _entry(folder: Path) -> Callable[[Path], FileEntry]:
    def entry(path: Path) -> FileEntry:
        return FileEntry(
            path=path.relative_to(folder).as_posix(),
            size=path.stat().st_size,
            sha256=file_sha256(path),
        )

    return entry


def _put_in_place(store: Store, manifest: Manifest) -> None:
    """Copy the gathered files into the version's folder and write its manifest."""
    source = staging_folder(manifest.persona, manifest.upload)
    target = version_folder(manifest.persona, manifest.version)
    try:
        for entry in manifest.files:
            store.copy(source + entry.path, target + entry.path)
    except ObjectMissingError as error:
        if not _is_published(store, manifest):
            raise StorageError(
                f"version {manifest.version} of {manifest.persona} in {store.uri} was begun, but "
                f"{source} is gone; `huggingtweets registry gc` withdraws it"
            ) from error
        return  # finished and cleared away by somebody else
    _check_place(store, target, manifest.files)
    with suppress(ConflictError):  # written by somebody else, with the same bytes
        store.create(manifest_key(manifest.persona, manifest.version), as_bytes(manifest))


def _check_place(store: Store, target: str, files: Sequence[FileEntry]) -> None:
    """Make sure that exactly these files stand in the version's folder."""
    sizes = {stat.key.removeprefix(target): stat.size for stat in store.list(target)}
    for stray in sizes.keys() - {entry.path for entry in files} - {MANIFEST}:
        store.delete(target + stray)
    for entry in files:
        if sizes.get(entry.path) != entry.size:
            raise TransientError(f"{target}{entry.path} in {store.uri} is not whole; publish again")


def _clear_away(store: Store, manifest: Manifest) -> None:
    """Move `latest` and delete what a finished claim no longer needs.

    A claim that came too late is deleted alone: its publisher still needs its upload.
    """
    persona, version = manifest.persona, manifest.version
    if _is_published(store, manifest):
        move_alias(store, persona, LATEST, lambda history: _forward(history, version))
        _delete_upload(store, persona, manifest.upload)
    store.delete(claim_key(persona, version))


@contextmanager
def _cleared_if_failed(store: Store, persona: str, upload: str) -> Iterator[None]:
    """Delete what was gathered if the block fails; afterwards a claim may need it."""
    try:
        yield
    except BaseException:
        with suppress(StorageError):
            _delete_upload(store, persona, upload)
        raise


def _delete_upload(store: Store, persona: str, upload: str) -> None:
    for stat in list(store.list(staging_folder(persona, upload))):
        store.delete(stat.key)


def published_by(store: Store, persona: str, job: str) -> Manifest | None:
    """The version that an attempt of this job published; None if there is none.

    Versions older than TRIED_AGAIN are not looked at.
    """
    oldest = datetime.now(UTC) - TRIED_AGAIN
    for version in reversed(published_versions(store, persona)):
        found = read_document(store, manifest_key(persona, version), Manifest)
        if found and found.job == job:
            return found
        if found and found.created_at < oldest:
            return None
    return None


def _forward(history: Sequence[AliasMove], version: int) -> int | None:
    """`latest` goes forward only, whoever is late."""
    return version if not history or history[-1].version < version else None


def _is_published(store: Store, manifest: Manifest) -> bool:
    """Whether this version stands there, and came from this upload."""
    key = manifest_key(manifest.persona, manifest.version)
    found = read_document(store, key, Manifest)
    return found is not None and found.upload == manifest.upload
