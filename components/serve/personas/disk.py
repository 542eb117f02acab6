"""What is kept on this machine's disk: fetched versions, and what the registry last said.

With it a server starts while the registry is away, and loads a version again without a download.
Nothing of it is trusted: every file is compared with its digest each time that it is loaded.

Several servers may share the folder; see `shared_folders`.
"""

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from components.contracts.artifacts import BASES, MANIFEST, is_persona
from components.contracts.errors import BadInputError
from components.contracts.registry import FileEntry, Manifest
from components.registry import Registry
from components.registry.bases import read_base
from components.registry.documents import parse_document
from components.registry.layout import base_folder, manifest_key, version_folder
from components.runtime.digests import file_sha256, folder_sha256
from components.runtime.files import whole_file
from components.runtime.folders import whole_folder
from components.serve.personas import shared_folders
from components.serve.personas.shared_folders import Kept
from components.storage import ChecksumError, Store
from components.storage.local import FileStore
from components.storage.transfer import download_folder

log = logging.getLogger(__name__)

CHECKERS = 4
OPT_OUTS = "opt-outs.json"
ALIASES = "aliases.json"
STALE = "stale.json"
ARCHIVES = "archives"
_OF_VERSION = re.compile(r"\.?([1-9][0-9]*)(\.(json|lock|used|draft|old|gone))?", re.ASCII)
_OF_DIGEST = re.compile(r"\.?([0-9a-f]{64})(\.(lock|used|draft|old|gone))?")


_Stamp: TypeAlias = tuple[int, int, int]


class Disk:
    """The folder of one registry. Safe to use from several threads and processes."""

    def __init__(self, root: Path, registry_uri: str) -> None:
        name = hashlib.sha256(registry_uri.encode()).hexdigest()[:16]
        self.root = root / name
        self._manifests: dict[Path, tuple[_Stamp, Manifest]] = {}
        """Those that were read last, since every look at the registry asks for all of them."""

    @property
    def opt_outs(self) -> Path:
        """The list of opt-outs as it was last read."""
        return self.root / OPT_OUTS

    @property
    def stale(self) -> Path:
        """The list of stale versions as it was last read."""
        return self.root / STALE

    @property
    def aliases(self) -> Path:
        """Where the aliases stood when they were last read."""
        return self.root / ALIASES

    def manifest(
        self, registry: Registry, persona: str, version: int, sha256: str | None
    ) -> Manifest:
        """A version's manifest, from the disk if it is there with this digest.

        Raises:
            ObjectMissingError: there is no such version.
            ChecksumError: it is not the manifest that the alias names, or is of another version.
        """
        kept = self._manifest_path(persona, version)
        with suppress(FileNotFoundError):
            data = kept.read_bytes()
            if hashlib.sha256(data).hexdigest() == sha256:
                return parse_document(data, Manifest, os.fspath(kept))
        key = manifest_key(persona, version)
        data = registry.store.get(key).data
        if sha256 and hashlib.sha256(data).hexdigest() != sha256:
            raise ChecksumError(f"{key} in {registry.store.uri} is not the one its alias names")
        manifest = parse_document(data, Manifest, f"{key} in {registry.store.uri}")
        if (manifest.persona, manifest.version) != (persona, version):
            raise ChecksumError(f"{key} is of {manifest.persona}, version {manifest.version}")
        with whole_file(kept) as draft:
            draft.write_bytes(data)
        return manifest

    def manifest_sha256(self, persona: str, version: int) -> str:
        """The digest of the manifest beside a version's files."""
        return file_sha256(self._manifest_path(persona, version))

    def kept_manifest(self, persona: str, version: int) -> Manifest | None:
        """The manifest that is here; None where there is none, or none that can be read."""
        path = self._manifest_path(persona, version)
        try:
            stamp = _stamp(path)
            known = self._manifests.get(path)
            if known is None or known[0] != stamp:
                known = self._manifests[path] = stamp, Manifest.read(path)
        except (BadInputError, OSError):
            self._manifests.pop(path, None)
            return None
        return known[1]

    def files(
        self, registry: Registry, persona: str, version: int, sha256: str | None
    ) -> tuple[Kept, Manifest]:
        """The folder with a version's files, fetched unless they are there as they should be.

        Its manifest, which is beside it then, has this digest; see `manifest`.

        Raises:
            StorageError: a file is missing, or is not what the manifest says.
        """
        folder = self.root / persona / str(version)
        # or the manifest is removed before there are files to keep it
        with shared_folders.alone_with(folder):
            manifest = self.manifest(registry, persona, version, sha256)
            if not folder.is_dir() or changed(folder, served(manifest)):
                shutil.rmtree(folder, ignore_errors=True)
                place = version_folder(persona, version)
                _bring(registry.store, place, served(manifest), folder)
            return shared_folders.keep(folder), manifest

    def base(self, registry: Registry, sha256: str) -> Kept:
        """The folder with the base model of this digest, fetched unless it is there.

        Raises:
            BadInputError: the registry has no such model, or a file of it is another.
        """
        folder = self.root / BASES / sha256
        with shared_folders.alone_with(folder):
            if not folder.is_dir() or folder_sha256(folder) != sha256:
                shutil.rmtree(folder, ignore_errors=True)
                files = read_base(registry.store, sha256).files
                _bring(registry.store, base_folder(sha256), files, folder)
            return shared_folders.keep(folder)

    def unpacked(self, archive: Path, unpack: Callable[[Path, Path], None]) -> Kept:
        """The folder with the files of this very archive."""
        folder = self.root / ARCHIVES / file_sha256(archive)
        with shared_folders.alone_with(folder):
            if not folder.is_dir():
                with whole_folder(folder) as draft:
                    unpack(archive, draft)
            return shared_folders.keep(folder)

    def own_manifest(self, folder: Path) -> Manifest | None:
        """The registry's manifest in an unpacked archive, its files compared with it."""
        if not (folder / MANIFEST).is_file():
            return None
        manifest = Manifest.read(folder / MANIFEST)
        if wrong := changed(folder, served(manifest)):
            raise ChecksumError(f"{wrong} in the archive is not what its {MANIFEST} says")
        return manifest

    def versions(self) -> list[tuple[str, int]]:
        """Persona and number of each version of which anything is here."""
        if not self.root.is_dir():
            return []
        personas = [one.name for one in self.root.iterdir() if is_persona(one.name)]
        found = ((name, n) for name in personas for n in _named(self.root / name, _OF_VERSION))
        return sorted((name, int(number)) for name, number in found)

    def archives(self) -> list[str]:
        """The digest of each archive of which anything is here."""
        return sorted(_named(self.root / ARCHIVES, _OF_DIGEST))

    def bases(self) -> list[str]:
        """The digest of each base model of which anything is here."""
        return sorted(_named(self.root / BASES, _OF_DIGEST))

    def named_bases(self) -> set[str]:
        """The digest of each base model that something here is an adapter of."""
        kept = [self.kept_manifest(*one) for one in self.versions()]
        for digest in self.archives():
            with suppress(BadInputError):  # there is none in it, as a rule
                kept.append(Manifest.read(self.root / ARCHIVES / digest / MANIFEST))
        return {one.base_model.sha256 for one in kept if one and one.base_model}

    def remove(self, persona: str, version: int) -> int | None:
        """Delete what is here of a version, and of its fetches that were killed.

        Returns the bytes that this freed; None where somebody uses it or fetches it.
        """
        freed = shared_folders.remove(self.root / persona / str(version))
        if freed is not None:
            self._manifests.pop(self._manifest_path(persona, version), None)
        return freed

    def remove_archive(self, digest: str) -> int | None:
        """Delete an archive's unpacked files; see `remove`."""
        return shared_folders.remove(self.root / ARCHIVES / digest)

    def remove_base(self, sha256: str) -> int | None:
        """Delete a base model's files; see `remove`."""
        return shared_folders.remove(self.root / BASES / sha256)

    def size(self) -> int:
        """Bytes of all that is here."""
        return shared_folders.size(self.root)

    def _manifest_path(self, persona: str, version: int) -> Path:
        return self.root / persona / f"{version}.json"


def _stamp(path: Path) -> _Stamp:
    """What is another once a file was written anew: each is, under a new name, and moved there."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def changed(folder: Path, files: Sequence[FileEntry]) -> str | None:
    """The first file that is missing or not what its entry says; None if all is well."""

    def check(entry: FileEntry) -> bool:
        path = folder / entry.path
        return path.is_file() and file_sha256(path) == entry.sha256

    with ThreadPoolExecutor(CHECKERS) as pool:
        fine = pool.map(check, files)
        pairs = zip(files, fine, strict=True)
        return next((entry.path for entry, good in pairs if not good), None)


def served(manifest: Manifest) -> list[FileEntry]:
    """The files of a version that a server needs: a GGUF file is for others, and large."""
    return [entry for entry in manifest.files if not entry.path.endswith(".gguf")]


def _named(folder: Path, pattern: re.Pattern[str]) -> set[str]:
    """What the names in this folder are about."""
    if not folder.is_dir():
        return set()
    return {match[1] for one in folder.iterdir() if (match := pattern.fullmatch(one.name))}


def _bring(store: Store, place: str, files: Sequence[FileEntry], folder: Path) -> None:
    """Make `folder` hold the files of `place`; from a folder on the same disk by hard links."""
    if isinstance(store, FileStore):
        try:
            _link(store, place, files, folder)
            return
        except OSError as error:  # another disk, or one without hard links
            log.debug("%s is copied: %s", place, error)
    checksums = {entry.path: entry.sha256 for entry in files}
    download_folder(store, place, folder, checksums)


def _link(store: FileStore, place: str, files: Sequence[FileEntry], folder: Path) -> None:
    with whole_folder(folder) as draft:
        for entry in files:
            store.stat(place + entry.path)
            (draft / entry.path).parent.mkdir(parents=True, exist_ok=True)
            os.link(store.root / place / entry.path, draft / entry.path)
        if wrong := changed(draft, files):
            raise ChecksumError(f"{place}{wrong} in {store.uri} is not what its manifest says")
