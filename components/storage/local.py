"""A folder as a store: whole by rename, create-if-absent by hard link, swap under a lock."""

import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from components.runtime.lock import lock
from components.storage.base import (
    Advance,
    Content,
    Keys,
    Stat,
    check_key,
    folder_prefix,
    in_order,
    no_advance,
)
from components.storage.copying import copy_compared
from components.storage.errors import (
    ChecksumError,
    ConflictError,
    ObjectMissingError,
    StorageError,
)
from components.storage.retry import retried_on
from components.storage.walking import files_below

DRAFT_SUFFIX = ".draft"
MOST_DELETERS = 100

Fill = Callable[[str], object]
"""Writes a draft, of which it is told the path."""
Settle = Callable[[str, str], None]
"""Puts a draft in its place: a path for each. Paths are plain text where thousands are made."""


class FileStore:
    """Objects as files below `root`. Writers beside each other must share one machine's disk.

    The folder `root` is what a bucket is elsewhere: where it is not there, reading is refused,
    so that a slip of the hand is not taken for a place that holds nothing. Writing makes it.
    """

    files_at_once = 1
    """Each is copied in parts; threads would hold each other up with a disk's quick answers."""

    def __init__(self, root: Path, uri: str) -> None:
        self.root = root
        self._start = str(root).rstrip("/") + "/"
        self.uri = uri

    def get(self, key: str) -> Content:
        """See `Store.get`."""
        with self._explained(key):
            data = self._path(key).read_bytes()
        return Content(data, _digest(data))

    def put(self, key: str, data: bytes) -> str:
        """See `Store.put`."""
        self._write(key, _writing(data))
        return _digest(data)

    def create(self, key: str, data: bytes) -> str:
        """See `Store.create`."""

        def settle(draft: str, path: str) -> None:
            try:
                os.link(draft, path)
            except FileExistsError as error:
                raise ConflictError(f"{path} is there already") from error
            _unlink(draft)

        self._write(key, _writing(data), settle)
        return _digest(data)

    def swap(self, key: str, data: bytes, version: str) -> str:
        """See `Store.swap`."""

        def settle(draft: str, path: str) -> None:
            with lock(Path(path).parent):
                if not Path(path).is_file() or _digest(Path(path).read_bytes()) != version:
                    raise ConflictError(f"{path} was changed by somebody else")
                Path(draft).replace(path)

        self._write(key, _writing(data), settle)
        return _digest(data)

    def stat(self, key: str) -> Stat:
        """See `Store.stat`."""
        with self._explained(key):
            found = self._path(key).stat()
            if not self._path(key).is_file():
                raise FileNotFoundError
        return Stat(key, found.st_size, found.st_mtime)

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """See `Store.list`. Drafts of writers under way, or killed, do not count."""
        self._check_root()
        folder = "".join(prefix.rpartition("/")[:2])
        found = []
        for key, entry in self._walk(folder):
            if key.startswith(prefix) and not is_draft(entry.name):
                with suppress(FileNotFoundError):  # deleted since
                    status = entry.stat()
                    found.append(Stat(key, status.st_size, status.st_mtime))
        return iter(in_order(found))

    def folders(self, prefix: str = "") -> Keys:
        """See `Store.folders`."""
        self._check_root()
        folder = folder_prefix(prefix)
        with self._explained(prefix, absent_is_empty=True):
            names = sorted(
                path.name for path in Path(self._start + folder).iterdir() if path.is_dir()
            )
            return [name for name in names if self._holds_objects(f"{folder}{name}/")]
        return []

    def delete(self, key: str) -> None:
        """See `Store.delete`. Folders that become empty go too."""
        self._check_root()
        path = self._path(key)
        with self._explained(key, absent_is_empty=True):
            path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == self.root or not parent.is_relative_to(self.root):
                return
            try:
                parent.rmdir()
            except OSError:  # not empty
                return

    def copy(self, source: str, target: str) -> None:
        """See `Store.copy`."""
        self.stat(source)
        self._write(target, lambda draft: _link_or_copy(self._place(source), draft))

    def read(self, key: str, start: int, size: int) -> bytes:
        """See `Store.read`."""
        with self._explained(key), self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(size)

    @retried_on(ChecksumError)
    def upload(self, source: Path, key: str, advance: Advance = no_advance) -> None:
        """See `Store.upload`."""
        self._write(key, lambda draft: copy_compared(source, draft, advance))

    @retried_on(ChecksumError)
    def download(
        self, key: str, target: Path, advance: Advance = no_advance, *, size: int | None = None
    ) -> None:
        """See `Store.download`."""
        with self._explained(key):
            copy_compared(self._place(key), target, advance)

    def sweep(self, before: float) -> Keys:
        """See `Store.sweep`."""
        self._check_root()
        swept = []
        for key, entry in self._walk(""):
            with suppress(FileNotFoundError):
                if is_draft(entry.name) and entry.stat().st_mtime < before:
                    Path(entry).unlink()
                    swept.append(key)
        return swept

    def reconnect(self) -> None:
        """See `Store.reconnect`. A folder has no connections."""

    def _path(self, key: str) -> Path:
        return Path(self._place(key))

    def _place(self, key: str) -> str:
        return f"{self._start}{check_key(key)}"

    def _check_root(self) -> None:
        if not self.root.is_dir():
            what = "it is a file" if self.root.exists() else "there is no such folder"
            raise StorageError(f"cannot use {self.uri}: {what}")

    def _holds_objects(self, folder: str) -> bool:
        return any(not is_draft(entry.name) for _, entry in self._walk(folder))

    def _walk(self, folder: str) -> "Iterator[tuple[str, os.DirEntry[str]]]":
        with self._explained(folder):
            yield from files_below(self._start + folder, folder)

    def _write(self, key: str, fill: Fill, settle: Settle = os.replace) -> None:
        """Fill a draft beside the object, then settle it in the object's place."""
        path = self._place(key)
        folder, _, name = path.rpartition("/")
        draft = f"{folder}/.{name}.{secrets.token_hex(8)}{DRAFT_SUFFIX}"
        with self._explained(key), _no_clash(f"{key} in {self.uri}"):
            try:
                _fill(draft, fill)
                settle(draft, path)
            except BaseException:
                _unlink(draft)
                raise

    @contextmanager
    def _explained(self, key: str, *, absent_is_empty: bool = False) -> Iterator[None]:
        """Turn the file system's errors into sentences."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            self._check_root()
            if not absent_is_empty:
                raise ObjectMissingError(f"there is no {key} in {self.uri}") from error
        except PermissionError as error:
            raise StorageError(f"no permission to use {key} in {self.uri}") from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise  # said by the edge of the command
            raise StorageError(f"cannot use {key} in {self.uri}: {error.strerror}") from error


def _writing(data: bytes) -> Fill:
    return lambda draft: Path(draft).write_bytes(data)


def _unlink(draft: str) -> None:
    with suppress(OSError):
        Path(draft).unlink()


def _fill(draft: str, fill: Fill) -> object:
    """Make the folder when it is missed; a deleter may take it away again while it is empty."""
    for _ in range(MOST_DELETERS):
        try:
            return fill(draft)
        except FileNotFoundError:
            with suppress(FileNotFoundError, FileExistsError):  # gone while it was looked at
                Path(draft).parent.mkdir(parents=True, exist_ok=True)
    return fill(draft)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without hard links
        copy_compared(source, target, no_advance)


@contextmanager
def _no_clash(what: str) -> Iterator[None]:
    """A folder has one thing of a name; a bucket could have both."""
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise StorageError(
            f"cannot write {what}: a file stands where a folder belongs, or the other way around"
        ) from error


def is_draft(name: str) -> bool:
    """Whether a file is what a writer has not finished."""
    return name.startswith(".") and name.endswith(DRAFT_SUFFIX)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
