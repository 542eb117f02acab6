"""Folders and files between a disk and a store: in parallel, whole, with progress."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import TypeVar

from components.contracts.errors import BadInputError
from components.runtime.digests import file_sha256
from components.runtime.files import whole_file
from components.runtime.folders import whole_folder
from components.runtime.progress import progress
from components.storage import open_store
from components.storage.base import Advance, Stat, Store, check_key, folder_prefix
from components.storage.errors import ChecksumError, ObjectMissingError, StorageError
from components.storage.walking import files_below

CHECKERS = 4
MEGABYTE = 1_000_000

Thing = TypeVar("Thing")


def upload_folder(store: Store, source: Path, prefix: str) -> None:
    """Write every file below `source` to `prefix/…`, several at once.

    Each object is whole or absent; the folder as a whole is not: write what announces it last.

    Raises:
        BadInputError: `source` is no folder.
        StorageError: the store refuses; what was written before stays.
    """
    if not source.is_dir():
        raise BadInputError(f"{source} is not a folder")
    start = folder_prefix(prefix)
    files = {key: Path(entry) for key, entry in files_below(os.fspath(source), start)}
    upload_files(store, dict(sorted(files.items())))


def upload_files(store: Store, files: Mapping[str, Path]) -> None:
    """Write each file of this mapping from keys to paths, several at once."""
    total = sum(path.stat().st_size for path in files.values())

    def upload(key: str, advance: Advance) -> None:
        store.upload(files[key], key, advance)

    _each("upload", files, total, upload, store.files_at_once)


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
        download_files(store, wanted.values(), folder, start)
        for name in _wrong(folder, checksums or {}):
            raise ChecksumError(f"{start}{name} in {store.uri} is not what its checksum says")


def download_files(store: Store, stats: Iterable[Stat], folder: Path, start: str = "") -> None:
    """Write these objects to the folder `folder`, several at once, by key without its `start`."""
    places = {stat: folder / check_key(stat.key.removeprefix(start)) for stat in stats}
    for parent in {path.parent for path in places.values()}:
        parent.mkdir(parents=True, exist_ok=True)

    def download(stat: Stat, advance: Advance) -> None:
        store.download(stat.key, places[stat], advance, size=stat.size)

    total = sum(stat.size for stat in places)
    _each("download", places, total, download, store.files_at_once)


def download_file(uri: str, target: Path) -> None:
    """Write the one object at `uri` to the file `target`, which appears whole or not at all.

    Raises:
        ObjectMissingError: there is no such object.
    """
    place, slash, name = uri.rpartition("/")
    if not name or place.endswith(":/"):
        raise StorageError(f"{uri} names no file")
    store = open_store(place or slash or ".")
    with whole_file(target) as draft:
        size = store.stat(name).size
        with _shown("download", size) as advance:
            store.download(name, draft, advance, size=size)


def _wrong(folder: Path, checksums: Mapping[str, str]) -> Iterator[str]:
    """The files that are not what their checksums say."""
    with ThreadPoolExecutor(CHECKERS) as pool:
        found = pool.map(file_sha256, [folder / name for name in checksums])
    return (name for name, sha in zip(checksums, found, strict=True) if sha != checksums[name])


def _chosen(
    found: Mapping[str, Stat], checksums: Mapping[str, str], store: Store, prefix: str
) -> dict[str, Stat]:
    missing = sorted(checksums.keys() - found.keys())
    if missing:
        raise ObjectMissingError(f"{missing[0]} is missing below {prefix} in {store.uri}")
    return {name: found[name] for name in checksums}


def _each(
    task: str,
    things: Iterable[Thing],
    total: int,
    transfer: Callable[[Thing, Advance], None],
    at_once: int,
) -> None:
    """Transfer every thing on a few threads; the first failure stops what has not begun."""
    waiting, stopped = iter(things), Event()
    taking = Lock()

    def work() -> None:
        while not stopped.is_set():
            with taking:
                thing = next(waiting, None)
            if thing is None:
                return
            transfer(thing, advance)

    with _shown(task, total) as advance, ThreadPoolExecutor(at_once) as pool:
        workers = [pool.submit(work) for _ in range(at_once)]
        try:
            for worker in as_completed(workers):
                worker.result()
        finally:
            stopped.set()


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
