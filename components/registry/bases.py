"""The base models that adapters need: each once, under its digest, as long as one names it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from components.contracts.artifacts import FETCH_REPORT
from components.contracts.errors import BadInputError
from components.contracts.registry import BaseManifest, Claim, FileEntry, Manifest
from components.contracts.reports import BaseModelFacts
from components.registry.documents import as_bytes, read_document
from components.registry.layout import (
    base_folder,
    base_manifest_key,
    claim_key,
    claimed_versions,
    manifest_key,
    published_versions,
)
from components.runtime.digests import file_sha256, files_of, listing_sha256
from components.storage import ChecksumError, ConflictError, Store
from components.storage.transfer import download_folder, upload_files


def publish_base(store: Store, folder: Path, facts: BaseModelFacts) -> None:
    """Put the base model in `folder` into the registry unless it is there; its manifest comes last.

    Whoever publishes an adapter calls this before and after: in between, a base model that nobody
    names yet may be collected as garbage.

    Raises:
        BadInputError: the folder is not the model of these facts.
        StorageError: the store cannot be used.
    """
    key = base_manifest_key(facts.sha256)
    if read_document(store, key, BaseManifest) is not None:
        return
    paths = {path.relative_to(folder).as_posix(): path for path in files_of(folder)}
    paths.pop(FETCH_REPORT, None)
    files = tuple(
        FileEntry(path=name, size=path.stat().st_size, sha256=file_sha256(path))
        for name, path in paths.items()
    )
    if digest_of(files) != facts.sha256:
        raise BadInputError(f"{folder} is not the base model with the digest {facts.sha256}")
    place = base_folder(facts.sha256)
    upload_files(store, {place + name: path for name, path in paths.items()})
    manifest = BaseManifest(sha256=facts.sha256, id=facts.id, revision=facts.revision, files=files)
    with suppress(ConflictError):  # somebody else published the same
        store.create(key, as_bytes(manifest))


def read_base(store: Store, sha256: str) -> BaseManifest:
    """What the base model with this digest consists of.

    Raises:
        BadInputError: it is not there.
        ChecksumError: its files are not those of the digest.
    """
    found = read_document(store, base_manifest_key(sha256), BaseManifest)
    if found is None:
        raise BadInputError(f"the base model {sha256} is not in {store.uri}; publish its adapter")
    if digest_of(found.files) != sha256:
        raise ChecksumError(f"{base_manifest_key(sha256)} in {store.uri} is of another model")
    return found


def download_base(store: Store, sha256: str, target: Path) -> BaseManifest:
    """Write a base model to the folder `target`, whole or not at all, digests compared.

    Raises:
        BadInputError: it is not there.
        ChecksumError: a file is not what the digest says.
    """
    manifest = read_base(store, sha256)
    checksums = {entry.path: entry.sha256 for entry in manifest.files}
    download_folder(store, base_folder(sha256), target, checksums)
    return manifest


def digest_of(files: Sequence[FileEntry]) -> str:
    """The digest of a folder with these files, as `runtime.digests.folder_sha256` has it."""
    return listing_sha256({entry.path: entry.sha256 for entry in files})


def needed_bases(store: Store, personas: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The digest of each base model that an adapter names, and the document that does.

    Versions that are decided but not yet in place count.
    """
    for persona in personas:
        for version in claimed_versions(store, persona):
            claim = read_document(store, claim_key(persona, version), Claim)
            if claim and claim.manifest.base_model:
                yield claim.manifest.base_model.sha256, claim_key(persona, version)
        for version in published_versions(store, persona):
            manifest = read_document(store, manifest_key(persona, version), Manifest)
            if manifest and manifest.base_model:
                yield manifest.base_model.sha256, manifest_key(persona, version)
