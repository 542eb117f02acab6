"""What is kept on this machine's disk: fetched versions, and what the registry last said.

With it a server starts while the registry is away, and loads a version again without a download.
Nothing of it is trusted: every file is compared with its digest each time that it is loaded.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from components.contracts.artifacts import MANIFEST
from components.contracts.registry import FileEntry, Manifest
from components.registry import Registry
from components.registry.documents import parse_document
from components.registry.layout import manifest_key, version_folder
from components.runtime.digests import file_sha256
from components.runtime.files import whole_file
from components.runtime.folders import whole_folder
from components.runtime.lock import lock
from components.storage import ChecksumError
from components.storage.local import FileStore
from components.storage.transfer import download_folder

log = logging.getLogger(__name__)

CHECKERS = 4
OPT_OUTS = "opt-outs.json"
ALIASES = "aliases.json"


class Disk:
    """The folder of one registry. Safe to use from several threads and processes."""

    def __init__(self, root: Path, registry_uri: str) -> None:
        name = hashlib.sha256(registry_uri.encode()).hexdigest()[:16]
        self.root = root / name

    @property
    def opt_outs(self) -> Path:
        """The list of opt-outs as it was last read."""
        return self.root / OPT_OUTS

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
        kept = self._kept_manifest(persona, version)
        if sha256 and kept.is_file() and file_sha256(kept) == sha256:
            return Manifest.read(kept)
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
        """The digest of a version's manifest as `manifest` kept it."""
        return file_sha256(self._kept_manifest(persona, version))

    def files(self, registry: Registry, manifest: Manifest) -> Path:
        """The folder with a version's files, fetched unless they are there as they should be.

        Raises:
            StorageError: a file is missing, or is not what the manifest says.
        """
        folder = self.root / manifest.persona / str(manifest.version)
        with _alone_with(folder):
            if not folder.is_dir() or changed(folder, manifest):
                shutil.rmtree(folder, ignore_errors=True)
                _bring(registry, manifest, folder)
        return folder

    def unpacked(self, archive: Path, unpack: Callable[[Path, Path], None]) -> Path:
        """The folder with the files of this very archive."""
        folder = self.root / "archives" / file_sha256(archive)
        with _alone_with(folder):
            if not folder.is_dir():
                with whole_folder(folder) as draft:
                    unpack(archive, draft)
        return folder

    def own_manifest(self, folder: Path) -> Manifest | None:
        """The registry's manifest in an unpacked archive, its files compared with it."""
        if not (folder / MANIFEST).is_file():
            return None
        manifest = Manifest.read(folder / MANIFEST)
        if wrong := changed(folder, manifest):
            raise ChecksumError(f"{wrong} in the archive is not what its {MANIFEST} says")
        return manifest

    def _kept_manifest(self, persona: str, version: int) -> Path:
        return self.root / persona / f"{version}.json"

    def keep_only(self, persona: str, versions: Collection[int]) -> None:
        """Delete the fetched versions of a persona other than these."""
        for folder in (self.root / persona).glob("*"):
            if folder.name.isdigit() and int(folder.name) not in versions:
                with _alone_with(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                    folder.with_suffix(".json").unlink(missing_ok=True)


def changed(folder: Path, manifest: Manifest) -> str | None:
    """The first file that is missing or not what the manifest says; None if all is well."""

    def check(entry: FileEntry) -> bool:
        path = folder / entry.path
        return path.is_file() and file_sha256(path) == entry.sha256

    with ThreadPoolExecutor(CHECKERS) as pool:
        fine = pool.map(check, manifest.files)
        pairs = zip(manifest.files, fine, strict=True)
        return next((entry.path for entry, good in pairs if not good), None)


@contextmanager
def _alone_with(folder: Path) -> Iterator[None]:
    """Keep other threads and processes from this folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with lock(folder.with_name(f".{folder.name}.lock")):
        yield


def _bring(registry: Registry, manifest: Manifest, folder: Path) -> None:
    """Make `folder` hold the version's files; from a folder on the same disk by hard links."""
    place = version_folder(manifest.persona, manifest.version)
    if isinstance(registry.store, FileStore):
        try:
            _link(registry.store, place, manifest, folder)
            return
        except OSError as error:  # another disk, or one without hard links
            log.debug("%s is copied: %s", place, error)
    checksums = {entry.path: entry.sha256 for entry in manifest.files}
    download_folder(registry.store, place, folder, checksums)


def _link(store: FileStore, place: str, manifest: Manifest, folder: Path) -> None:
    with whole_folder(folder) as draft:
        for entry in manifest.files:
            store.stat(place + entry.path)
            (draft / entry.path).parent.mkdir(parents=True, exist_ok=True)
            os.link(store.root / place / entry.path, draft / entry.path)
        if wrong := changed(draft, manifest):
            raise ChecksumError(f"{place}{wrong} in {store.uri} is not what its manifest says")
