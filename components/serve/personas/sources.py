"""Where a model's files come from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from components.contracts.artifacts import MANIFEST
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
from components.registry import Registry
from components.registry.layout import version_uri
from components.runtime.closing import Closing
from components.runtime.digests import file_sha256
from components.serve.archives.read import unpack_archive
from components.serve.personas.disk import Disk
from components.serve.personas.shared_folders import Kept


@dataclass(frozen=True)
class Fetched(Closing):
    """A folder whose every file was checked, and which stays there until it is closed."""

    kept: Kept
    manifest: Manifest | None
    manifest_sha256: str | None = None

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.kept.folder

    def close(self) -> None:
        """Let the folder be deleted; more than once does no harm."""
        self.kept.close()


class Source(Protocol):
    """Where a model's files come from. Its methods block; they are for other threads."""

    @property
    def url(self) -> str:
        """Its place, as a management client names it."""
        ...

    def manifest(self, disk: Disk) -> Manifest | None:
        """What it consists of and where it came from; None where it does not say."""
        ...

    def fetch(self, disk: Disk) -> Fetched:
        """Bring its files to this machine, each checked by its digest.

        Raises:
            BadInputError: it is not there, not whole, or not what its digests say.
        """
        ...


@dataclass(frozen=True)
class RegistrySource:
    """A version in the registry."""

    registry: Registry
    persona: str
    version: int
    manifest_sha256: str | None = None
    """As the alias that leads here states it; None where no alias does."""

    @property
    def url(self) -> str:
        """`REGISTRY/<persona>/versions/<n>`."""
        return version_uri(self.registry.store.uri, self.persona, self.version)

    def manifest(self, disk: Disk) -> Manifest:
        """See `Source.manifest`."""
        with self._reconnecting():
            return disk.manifest(self.registry, self.persona, self.version, self.manifest_sha256)

    def fetch(self, disk: Disk) -> Fetched:
        """See `Source.fetch`."""
        with self._reconnecting():
            kept, manifest = disk.files(
                self.registry, self.persona, self.version, self.manifest_sha256
            )
        return Fetched(kept, manifest, disk.manifest_sha256(self.persona, self.version))

    @contextmanager
    def _reconnecting(self) -> Iterator[None]:
        """What is not there, or not as it should be, is asked for over new connections next."""
        try:
            yield
        except BadInputError:
            self.registry.store.reconnect()
            raise


@dataclass(frozen=True)
class MarSource:
    """A model archive in the model store."""

    path: Path

    @property
    def url(self) -> str:
        """The file's name."""
        return self.path.name

    def manifest(self, disk: Disk) -> Manifest | None:
        """See `Source.manifest`."""
        with self.fetch(disk) as fetched:
            return fetched.manifest

    def fetch(self, disk: Disk) -> Fetched:
        """See `Source.fetch`."""
        kept = disk.unpacked(self.path, unpack_archive)
        try:
            own = disk.own_manifest(kept.folder)
            return Fetched(kept, own, file_sha256(kept.folder / MANIFEST) if own else None)
        except BaseException:
            kept.close()
            raise
