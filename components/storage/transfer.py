"""Folders and files between a disk and a store: in parallel, whole, with progress."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from components.contracts.errors import BadInputError
from components.runtime.digests import file_sha256, files_of
from components.runtime.folders import whole_folder
from components.runtime.progress import progress
from components.storage import open_store
from components.storage.base import Advance, Stat, Store, check_key, folder_prefix
from components.storage.errors import ChecksumError, ObjectMissingError, StorageError
from components.storage.parts import PART

WORKERS = 8
MEGABYTE = 1_000_000


def upload_folder(store: Store, source: Path, prefix: str) -> None:
    """Write every file below `source` to `prefix/…`, several at once.

    Each object is whole or absent; the folder as a whole is not: write what announces it last.

    Raises:
        BadInputError: `source` is no folder.
        StorageError: the store refuses; what was written before stays.
    """
    if not source.is_dir():
        raise BadInputError(f"{source} is not a folder")
    names = {path.relative_to(source).as_posix(): path for path in files_of(source)}
    upload_files(store, {folder_prefix(prefix) + name: path for name, path in names.items()})


def upload_files(store: Store, files: Mapping[str, Path]) -> None:
    """Write each file of this mapping from keys to paths, several at once."""
    total = sum(path.stat().st_size for path in files.values())

    def upload(key: str, advance: Advance) -> None:
        store.upload(files[key], key, advance)

    _each("upload", files, total, upload)


def download_folder(
    store: Store, prefix: str, target: Path, checksums: Mapping[str, str] | None = None
) -> None:
    """Write every object below `prefix/` to the folder `target`, which appears whole or not at all.

    With `checksums` (SHA-256 in hex by relative path) exactly those files are written, and each is
    compared.

    Raises:
        ObjectMissingError: nothing is below `prefix/`, or one of the named files is missing.
        ChecksumError: a file is not what its checksum says.
    """
    start = folder_prefix(prefix)
    found = {stat.key.removeprefix(start): stat for stat in store.list(start)}
    wanted = found if checksums is None else _chosen(found, checksums, store, prefix)
    if not wanted:
        raise ObjectMissingError(f"there is nothing below {prefix or 'the root'} in {store.uri}")
    with whole_folder(target) as folder:

        def download(name: str, advance: Advance) -> None:
            path = folder / check_key(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            _download(store, wanted[name], path, advance)
            if checksums is not None and file_sha256(path) != checksums[name]:
                raise ChecksumError(f"{start}{name} in {store.uri} is not what its checksum says")

        _each("download", wanted, sum(stat.size for stat in wanted.values()), download)


def download_file(uri: str, target: Path) -> None:
    """Write the one object at `uri` to the file `target`, which appears whole or not at all.

    Raises:
        ObjectMissingError: there is no such object.
    """
    place, slash, name = uri.rpartition("/")
    if not name or place.endswith(":/"):
        raise StorageError(f"{uri} names no file")
    store = open_store(place or slash or ".")
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}.draft")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _shown("download", store.stat(name).size) as advance:
            store.download(name, draft, advance)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _download(store: Store, stat: Stat, path: Path, advance: Advance) -> None:
    """One object; a small one in one request."""
    if stat.size > PART:
        store.download(stat.key, path, advance)
    else:
        path.write_bytes(store.get(stat.key).data)
        advance(stat.size)


def _chosen(
    found: Mapping[str, Stat], checksums: Mapping[str, str], store: Store, prefix: str
) -> dict[str, Stat]:
    missing = sorted(checksums.keys() - found.keys())
    if missing:
        raise ObjectMissingError(f"{missing[0]} is missing below {prefix} in {store.uri}")
    return {name: found[name] for name in checksums}


def _each(
    task: str, names: Iterable[str], total: int, transfer: Callable[[str, Advance], None]
) -> None:
    """Transfer every name on a few threads; the first failure stops what has not begun."""
    with _shown(task, total) as advance, ThreadPoolExecutor(WORKERS) as pool:
        futures = [pool.submit(transfer, name, advance) for name in names]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _shown(task: str, total: int) -> Iterator[Advance]:
    """Count bytes from any thread and show them in megabytes."""
    lock, done = Lock(), 0
    with progress(f"{task}, MB", total // MEGABYTE) as show:

        def advance(amount: int) -> None:
            nonlocal done
            with lock:
                before, done = done // MEGABYTE, done + amount
                if done // MEGABYTE > before:
                    show(done // MEGABYTE - before)

        yield advance
