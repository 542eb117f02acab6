"""Comparing what stands in the registry with what the manifests say."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from components.contracts.artifacts import MANIFEST
from components.contracts.errors import BadInputError
from components.contracts.registry import FileEntry, Manifest
from components.registry.aliases import read_alias
from components.registry.bases import needed_bases, read_base
from components.registry.documents import DamagedError, read_document
from components.registry.layout import (
    ALIASES,
    alias_key,
    base_folder,
    base_manifest_key,
    manifest_key,
    number_of,
    published_versions,
    version_folder,
    versions_folder,
)
from components.registry.stale import read_stale
from components.runtime.progress import progress
from components.storage import ChecksumError, ObjectMissingError, Store

CHUNK = 8 << 20
WORKERS = 8


def verify(store: Store, personas: Sequence[str]) -> list[str]:
    """Every problem of these personas, a sentence each.

    What a killed publish left behind is no problem: without a manifest there is no version, and
    none was lost if no alias ever pointed there.
    """
    problems = [
        problem
        for persona in personas
        for problem in (
            *_versions_problems(store, persona),
            *_alias_problems(store, persona),
            *_lost_manifests(store, persona),
        )
    ]
    return [*problems, *_base_problems(store, personas)]


def _versions_problems(store: Store, persona: str) -> Iterator[str]:
    for version in published_versions(store, persona):
        folder = version_folder(persona, version)
        try:
            manifest = read_document(store, manifest_key(persona, version), Manifest)
        except DamagedError as error:
            yield str(error)
            continue
        if manifest is None:  # deleted since
            continue
        if (manifest.persona, manifest.version) != (persona, version):
            yield f"{folder}{MANIFEST} is of {manifest.persona}, version {manifest.version}"
        yield from _file_problems(store, folder, manifest.files)


def _base_problems(store: Store, personas: Sequence[str]) -> Iterator[str]:
    """Base models that adapters of these personas name and that are missing or changed."""
    needed: dict[str, str] = {}
    for persona in personas:
        with suppress(DamagedError):  # told of with the persona's versions
            needed |= needed_bases(store, [persona])
    for sha256, key in needed.items():
        try:
            manifest = read_base(store, sha256)
        except (ChecksumError, DamagedError) as error:
            yield str(error)
        except BadInputError:
            yield f"{base_manifest_key(sha256)} is missing, and {key} needs it"
        else:
            yield from _file_problems(store, base_folder(sha256), manifest.files)


def _file_problems(store: Store, folder: str, files: Sequence[FileEntry]) -> Iterator[str]:
    sizes = {stat.key.removeprefix(folder): stat.size for stat in store.list(folder)}
    for added in sorted(sizes.keys() - {entry.path for entry in files} - {MANIFEST}):
        yield f"{folder}{added} was added"
    total = sum(entry.size for entry in files)

    def check(entry: FileEntry) -> str | None:
        if entry.path not in sizes:
            return f"{folder}{entry.path} is missing"
        if sizes[entry.path] != entry.size or not _has_digest(store, folder, entry):
            return f"{folder}{entry.path} was changed"
        return None

    with (
        progress(f"verify {folder.rstrip('/')}, MB", total // 1_000_000) as advance,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        for entry, problem in zip(files, pool.map(check, files), strict=True):
            advance(entry.size // 1_000_000)
            if problem:
                yield problem


def _has_digest(store: Store, folder: str, entry: FileEntry) -> bool:
    digest = hashlib.sha256()
    try:
        for start in range(0, entry.size, CHUNK):
            digest.update(store.read(folder + entry.path, start, min(CHUNK, entry.size - start)))
    except ObjectMissingError:
        return False
    return digest.hexdigest() == entry.sha256


def _alias_problems(store: Store, persona: str) -> Iterator[str]:
    """Aliases that cannot be read or lead astray, and manifests that are not what they were."""
    changed: dict[str, str] = {}
    stale = read_stale(store).of(persona)
    for name in ALIASES:
        key = alias_key(persona, name)
        try:
            alias = read_alias(store, persona, name)
        except DamagedError as error:
            yield str(error)
            continue
        if alias is None:
            continue
        if alias.version in stale:
            yield f"{key} points to version {alias.version}, which is stale"
        if _manifest_sha256(store, persona, alias.version) is None:
            yield f"{key} points to version {alias.version}, whose {MANIFEST} is missing"
        for version, sha256 in {(move.version, move.manifest_sha256) for move in alias.history}:
            if _manifest_sha256(store, persona, version) not in (None, sha256):
                changed[manifest_key(persona, version)] = name
    for key, name in sorted(changed.items()):
        yield f"{key} was changed since {name} moved to it"


def _manifest_sha256(store: Store, persona: str, version: int) -> str | None:
    try:
        return hashlib.sha256(store.get(manifest_key(persona, version)).data).hexdigest()
    except ObjectMissingError:
        return None


def _lost_manifests(store: Store, persona: str) -> Iterator[str]:
    """Versions that stood there once, and of which the files are left but not the manifest.

    `latest` pointed to each of them; whoever removes a version removes the files too. The aliases
    are read first: a version published meanwhile stands there before an alias moves to it.
    """
    history = _histories(store, persona)
    stats = store.list(versions_folder(persona))  # `folders` may name an empty one for a while
    found = {number_of(stat.key.split("/")[2]) for stat in stats}
    for version in sorted(history - set(published_versions(store, persona))):
        if version in found:
            yield f"{manifest_key(persona, version)} is missing"


def _histories(store: Store, persona: str) -> set[int]:
    """Every version that an alias points or pointed to, as far as the aliases can be read."""
    found: set[int] = set()
    for name in ALIASES:
        with suppress(DamagedError):
            alias = read_alias(store, persona, name)
            found.update(move.version for move in (alias.history if alias else ()))
    return found
