"""A folder as a store: whole by rename, create-if-absent by hard link, swap under a lock."""

import errno
import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from components.storage.base import (
    Advance,
    Content,
    Keys,
    Stat,
    check_key,
    folder_prefix,
    no_advance,
)
from components.storage.errors import ConflictError, ObjectMissingError, StorageError

DRAFT_SUFFIX = ".draft"


class FileStore:
    """Objects as files below `root`. Writers beside each other must share one machine's disk."""

    def __init__(self, root: Path, uri: str) -> None:
        self.root = root
        self.uri = uri

    def get(self, key: str) -> Content:
        """See `Store.get`."""
        with self._explained(key):
            data = self._path(key).read_bytes()
        return Content(data, _digest(data))

    def put(self, key: str, data: bytes) -> str:
        """See `Store.put`."""
        with self._draft(key) as draft:
            draft.write_bytes(data)
            draft.replace(self._path(key))
        return _digest(data)

    def create(self, key: str, data: bytes) -> str:
        """See `Store.create`."""
        with self._draft(key) as draft:
            draft.write_bytes(data)
            try:
                os.link(draft, self._path(key))
            except FileExistsError as error:
                raise ConflictError(f"{self._path(key)} is there already") from error
        return _digest(data)

    def swap(self, key: str, data: bytes, version: str) -> str:
        """See `Store.swap`."""
        with self._draft(key) as draft, self._locked(key):
            draft.write_bytes(data)
            try:
                current = self.get(key).version
            except ObjectMissingError as error:
                raise ConflictError(f"{self._path(key)} is gone") from error
            if current != version:
                raise ConflictError(f"{self._path(key)} was changed by somebody else")
            draft.replace(self._path(key))
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
        folder = self.root / prefix.rpartition("/")[0]
        keys = sorted(
            path.relative_to(self.root).as_posix()
            for path in self._walk(folder)
            if not is_draft(path.name)
        )
        for key in keys:
            if key.startswith(prefix):
                with suppress(ObjectMissingError):  # deleted since
                    yield self.stat(key)

    def folders(self, prefix: str = "") -> Keys:
        """See `Store.folders`."""
        folder = self.root / prefix
        with self._explained(prefix, absent_is_empty=True):
            names = sorted(path.name for path in folder.iterdir() if path.is_dir())
            return [name for name in names if any(self.list(f"{folder_prefix(prefix)}{name}/"))]
        return []

    def delete(self, key: str) -> None:
        """See `Store.delete`. Folders that become empty go too."""
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
        with self._draft(target) as draft, self._explained(source):
            try:
                os.link(self._path(source), draft)
            except FileNotFoundError:
                raise
            except OSError:  # a file system without hard links
                shutil.copyfile(self._path(source), draft)
            draft.replace(self._path(target))

    def read(self, key: str, start: int, size: int) -> bytes:
        """See `Store.read`."""
        with self._explained(key), self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(size)

    def upload(self, source: Path, key: str, advance: Advance = no_advance) -> None:
        """See `Store.upload`."""
        with self._draft(key) as draft:
            shutil.copyfile(source, draft)
            advance(draft.stat().st_size)
            draft.replace(self._path(key))

    def download(self, key: str, target: Path, advance: Advance = no_advance) -> None:
        """See `Store.download`."""
        with self._explained(key):
            shutil.copyfile(self._path(key), target)
        advance(target.stat().st_size)

    def sweep(self, before: float) -> Keys:
        """See `Store.sweep`."""
        swept = []
        for path in self._walk(self.root):
            with suppress(FileNotFoundError):
                if is_draft(path.name) and path.stat().st_mtime < before:
                    path.unlink()
                    swept.append(path.relative_to(self.root).as_posix())
        return swept

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _walk(self, folder: Path) -> Iterator[Path]:
        with self._explained(str(folder), absent_is_empty=True):
            if folder.exists():
                for parent, _, names in os.walk(folder, onerror=_raise):
                    yield from (Path(parent, name) for name in names)

    @contextmanager
    def _draft(self, key: str) -> Iterator[Path]:
        """A free name beside the object; what is left under it is swept away."""
        path = self._path(key)
        draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}{DRAFT_SUFFIX}")
        with self._explained(key), _no_clash(f"{key} in {self.uri}"):
            for _ in range(100):  # a deleter may take the empty folder away in between
                with suppress(FileNotFoundError):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    draft.touch(exist_ok=False)
                    break
            try:
                yield draft
            finally:
                with suppress(OSError):
                    draft.unlink()

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Keep other swappers of this folder out; the lock dies with its process."""
        folder = os.open(self._path(key).parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    @contextmanager
    def _explained(self, key: str, *, absent_is_empty: bool = False) -> Iterator[None]:
        """Turn the file system's errors into sentences."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            if not absent_is_empty:
                raise ObjectMissingError(f"there is no {key} in {self.uri}") from error
        except PermissionError as error:
            raise StorageError(f"no permission to use {key} in {self.uri}") from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise  # said by the edge of the command
            raise StorageError(f"cannot use {key} in {self.uri}: {error.strerror}") from error


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


def _raise(error: OSError) -> None:
    raise error
