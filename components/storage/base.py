"""The protocol that every store keeps."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from components.storage.errors import StorageError

Advance = Callable[[int], None]
"""Is told of every further number of bytes that went over."""

Keys = list[str]


def no_advance(amount: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Stat:
    """What a store knows of an object without reading it."""

    key: str
    size: int
    """Bytes."""
    modified: float
    """Seconds since 1970, by the store's clock."""


@dataclass(frozen=True)
class Content:
    """An object's bytes, and the version that they are."""

    data: bytes
    version: str
    """What `swap` wants: a generation, an ETag or a digest; means nothing across stores."""


class Store(Protocol):
    """Objects below one URI. Keys are relative, with forward slashes; objects are whole or absent.

    Every method raises `StorageError` with a sentence that names the bucket or the endpoint when
    the store cannot be reached, the bucket is missing, or the credentials are wrong or not enough.
    Calls may come from several threads.
    """

    uri: str
    """Where the store is rooted, as it was given."""
    files_at_once: int
    """How many files of a folder are best transferred at once."""

    def get(self, key: str) -> Content:
        """The whole of a small object. Raises ObjectMissingError."""

    def put(self, key: str, data: bytes) -> str:
        """Write a small object, whatever stood there; return its version."""

    def create(self, key: str, data: bytes) -> str:
        """Write a small object where there is none. Raises ConflictError where there is."""

    def swap(self, key: str, data: bytes, version: str) -> str:
        """Write over exactly `version`. Raises ConflictError if the object is another or gone."""

    def stat(self, key: str) -> Stat:
        """Its size and age. Raises ObjectMissingError."""

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Every object whose key starts with `prefix`, by key: `run!`, `run-1`, `run.1`, `run/1`.

        The order is that of the characters' code points, which is that of the keys' bytes in UTF-8.
        Servers may list in another: the whole listing is held in memory and sorted.
        """

    def folders(self, prefix: str = "") -> Keys:
        """The names that follow the folder `prefix` and hold objects themselves, sorted.

        One may be named for a while after its last object was deleted.
        """

    def delete(self, key: str) -> None:
        """Delete an object; that it is absent is fine."""

    def copy(self, source: str, target: str) -> None:
        """Copy an object within the store, whole or not at all. Raises ObjectMissingError."""

    def read(self, key: str, start: int, size: int) -> bytes:
        """`size` bytes from `start`, fewer at the end. Raises ObjectMissingError."""

    def upload(self, source: Path, key: str, advance: Advance = no_advance) -> None:
        """Write a file of any size as an object, whole, its checksum compared by the store."""

    def download(
        self, key: str, target: Path, advance: Advance = no_advance, *, size: int | None = None
    ) -> None:
        """Write an object of any size to a file, its checksum compared.

        `size`, where it is known, spares a question; it may be out of date.

        Raises ObjectMissingError, and ChecksumError when the bytes are wrong every time.
        """

    def sweep(self, before: float) -> Keys:
        """Clear away uploads begun before this second that were never finished; return their keys.

        They are invisible to every other method, but take room.
        """

    def reconnect(self) -> None:
        """Let go of the connections that are kept open; the next call opens new ones.

        For who asks for days: a kept one may end at what is no longer the store, and goes on
        answering. Calls under way are not disturbed.
        """


def in_order(stats: Iterable[Stat]) -> list[Stat]:
    """These objects by key, as `Store.list` promises."""
    return sorted(stats, key=lambda stat: stat.key)


def check_key(key: str) -> str:
    """Return `key` if it is relative, has no empty part and does not lead outside."""
    if not key or any(part in ("", ".", "..") for part in key.split("/")) or "\0" in key:
        raise StorageError(f"{key!r} cannot name an object: it has an empty part, '.' or '..'")
    return key


def folder_prefix(prefix: str) -> str:
    """`a/b/` for `a/b` and for `a/b/`; nothing for nothing."""
    return prefix.rstrip("/") + "/" if prefix.strip("/") else ""
