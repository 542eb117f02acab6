"""Where datasets and what was made of them lie: found by their reports below a place."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from components.contracts.artifacts import (
    COLLECT_REPORT,
    EVALUATION_REPORT,
    MANIFEST,
    PREPARE_REPORT,
    TRAIN_REPORT,
)
from components.contracts.errors import BadInputError
from components.registry.layout import OPT_OUTS
from components.runtime.digests import listing_sha256
from components.storage import Content, ObjectMissingError, Store, open_store
from components.storage.local import FileStore

Kind = Literal["raw-dataset", "train-dataset", "finetuned-model", "evaluation"]
REPORTS: dict[str, Kind] = {
    COLLECT_REPORT: "raw-dataset",
    PREPARE_REPORT: "train-dataset",
    TRAIN_REPORT: "finetuned-model",
    EVALUATION_REPORT: "evaluation",
}
CHUNK = 8 << 20


@dataclass(frozen=True)
class StoredArtifact:
    """A dataset, a model or an evaluation in a store."""

    store: Store
    folder: str
    """What the keys of its files begin with: nothing, or a folder with its slash."""
    kind: Kind
    _read: dict[str, Content] = field(default_factory=dict, compare=False, repr=False)
    """The files as they were read: what is written over is exactly that."""

    @property
    def name(self) -> str:
        """Its path or URI."""
        return f"{self.store.uri.rstrip('/')}/{self.folder}".rstrip("/")

    def read(self, file: str) -> bytes:
        """The bytes of one of its files.

        Raises:
            BadInputError: there is no such file.
        """
        try:
            self._read[file] = self.store.get(self.folder + file)
        except ObjectMissingError as error:
            raise BadInputError(
                f"{self.name} is not a valid {self.kind}: it holds no {file}"
            ) from error
        return self._read[file].data

    def write(self, file: str, data: bytes) -> None:
        """Have a file that was read hold these bytes, whole or as before.

        Raises:
            ConflictError: somebody else changed it since it was read.
        """
        if self._read[file].data != data:
            version = self.store.swap(self.folder + file, data, self._read[file].version)
            self._read[file] = Content(data, version)

    def has(self, file: str) -> bool:
        """Whether it holds this file."""
        try:
            self.store.stat(self.folder + file)
        except ObjectMissingError:
            return False
        return True

    def delete(self, *files: str) -> None:
        """Delete these files, in this order."""
        for file in files:
            self.store.delete(self.folder + file)

    def sha256(self) -> str:
        """The digest of the folder: see `runtime.digests.folder_sha256`."""
        files = self.store.list(self.folder)
        return listing_sha256(
            {
                stat.key.removeprefix(self.folder): self._file_sha256(stat.key, stat.size)
                for stat in files
            }
        )

    def _file_sha256(self, key: str, size: int) -> str:
        digest = hashlib.sha256()
        for start in range(0, size, CHUNK):
            digest.update(self.store.read(key, start, CHUNK))
        return digest.hexdigest()


def check_there(uri: str) -> None:
    """Refuse a folder of this machine that is not there: its name may be mistyped.

    Raises:
        BadInputError: it is not there, or `uri` is no place.
    """
    store = open_store(uri)
    if isinstance(store, FileStore) and not store.root.is_dir():
        raise BadInputError(f"there is no folder {store.root}; name one that holds datasets")


def places_below(uri: str) -> Iterator[StoredArtifact]:
    """Every dataset, model and evaluation there, but for what lies in a registry.

    Raises:
        StorageError: the place cannot be read.
    """
    store = open_store(uri)
    keys = [stat.key for stat in store.list()]
    registries = tuple(key.removesuffix(OPT_OUTS) for key in keys if _is_list(key))
    published = {key.removesuffix(MANIFEST) for key in keys if key.endswith(MANIFEST)}
    for key in keys:
        folder, slash, file = key.rpartition("/")
        kind = REPORTS.get(file)
        if kind and folder + slash not in published and not key.startswith(registries):
            yield StoredArtifact(store, folder + slash, kind)


def _is_list(key: str) -> bool:
    return key.rpartition("/")[2] == OPT_OUTS
