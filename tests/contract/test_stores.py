"""What every store keeps, on a folder, in SeaweedFS, in fake-gcs-server and in a named bucket."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from components.storage import (
    ChecksumError,
    ConflictError,
    ObjectMissingError,
    StorageError,
    Store,
    open_store,
)
from components.storage.transfer import download_file, download_folder, upload_folder

ODD_KEYS = ["plain.txt", "a b/c d", "ü/😀.txt", "100%/x+y", "q?x=1&y#z", "dots/..a/.b", "~/tilde"]


@pytest.fixture
def store(store_uri: str) -> Store:
    return open_store(store_uri)


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_object_comes_back_under_any_key(store: Store, key: str) -> None:
    data = bytes(range(256))
    store.put(key, data)
    assert store.get(key).data == data
    assert [stat.key for stat in store.list()] == [key]
    store.copy(key, key + ".copy")
    assert store.read(key + ".copy", 1, 3) == data[1:4]


@pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/./b", "a/..", "a\0b"])
def test_a_key_that_leads_astray_is_refused(store: Store, key: str) -> None:
    with pytest.raises(StorageError, match="cannot name an object"):
        store.put(key, b"")


def test_what_is_not_there_is_said_to_be_missing(store: Store) -> None:
    for ask in (
        lambda: store.get("none"),
        lambda: store.stat("none"),
        lambda: store.read("none", 0, 1),
        lambda: store.copy("none", "other"),
    ):
        with pytest.raises(ObjectMissingError, match="there is no none in"):
            ask()
    assert list(store.list()) == []
    assert store.folders() == []
    store.delete("none")


def test_create_writes_once(store: Store) -> None:
    store.create("key", b"first")
    with pytest.raises(ConflictError):
        store.create("key", b"second")
    assert store.get("key").data == b"first"


def test_swap_writes_over_the_version_it_read_and_no_other(store: Store) -> None:
    first = store.create("key", b"1")
    second = store.swap("key", b"2", first)
    assert store.get("key").version == second
    with pytest.raises(ConflictError):
        store.swap("key", b"3", first)
    store.delete("key")
    with pytest.raises(ConflictError):
        store.swap("key", b"3", second)
    assert list(store.list()) == []


def test_listing_goes_by_prefix_and_in_order(store: Store) -> None:
    for key in ("b/2", "ab", "a/1/x", "a/10", "b/1/y", "c"):
        store.put(key, key.encode())
    assert [stat.key for stat in store.list()] == ["a/1/x", "a/10", "ab", "b/1/y", "b/2", "c"]
    assert [stat.key for stat in store.list("a")] == ["a/1/x", "a/10", "ab"]
    assert [(stat.key, stat.size) for stat in store.list("b/")] == [("b/1/y", 5), ("b/2", 3)]
    assert store.folders() == ["a", "b"]
    assert store.folders("a/") == store.folders("a") == ["1"]


def test_a_listing_is_by_key_whatever_stands_where_a_folder_begins(store: Store) -> None:
    keys = ["run!", "run-1", "run.1/a", "run/1/x", "run/1x", "run0", "runé", "run\uffff", "run😀"]
    for key in reversed(keys):
        store.put(key, b"")
    assert [stat.key for stat in store.list()] == keys
    assert [stat.key for stat in store.list("run")] == keys
    assert store.folders() == ["run", "run.1"]


def test_a_deleted_object_is_gone(store: Store) -> None:
    store.put("a/b/c", b"")
    store.delete("a/b/c")
    store.delete("a/b/c")
    assert list(store.list()) == []
    with pytest.raises(ObjectMissingError):
        store.get("a/b/c")


def test_ranges_end_with_the_object(store: Store) -> None:
    store.put("key", b"0123456789")
    assert store.read("key", 0, 4) == b"0123"
    assert store.read("key", 8, 100) == b"89"


@pytest.mark.parametrize("size", [0, 1, 8 << 20, (17 << 20) + 3])
def test_files_of_any_size_come_back_and_are_counted(
    store: Store, tmp_path: Path, size: int
) -> None:
    (tmp_path / "sent").write_bytes(random.Random(1).randbytes(size))
    sent: list[int] = []
    came: list[int] = []
    store.upload(tmp_path / "sent", "file", sent.append)
    assert store.stat("file").size == size
    store.download("file", tmp_path / "came", came.append)
    assert (tmp_path / "came").read_bytes() == (tmp_path / "sent").read_bytes()
    assert sum(sent) == sum(came) == size
    store.copy("file", "copy")
    store.download("copy", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "sent").read_bytes()


def test_folders_come_back(store: Store, store_uri: str, tmp_path: Path) -> None:
    for number in range(100):
        file = tmp_path / "sent" / str(number % 7) / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(number))
    upload_folder(store, tmp_path / "sent", "deep/folder")
    download_folder(store, "deep/folder", tmp_path / "came")
    assert _contents(tmp_path / "came") == _contents(tmp_path / "sent")
    download_file(f"{store_uri}/deep/folder/3/3.txt", tmp_path / "one" / "file")
    assert (tmp_path / "one" / "file").read_text() == "3"


def test_a_folder_that_is_not_what_was_promised_does_not_appear(
    store: Store, tmp_path: Path
) -> None:
    store.put("folder/a", b"a")
    with pytest.raises(ChecksumError, match="folder/a"):
        download_folder(store, "folder", tmp_path / "came", {"a": "0" * 64})
    with pytest.raises(ObjectMissingError, match="b is missing"):
        download_folder(store, "folder", tmp_path / "came", {"b": "0" * 64})
    with pytest.raises(ObjectMissingError, match="nothing below"):
        download_folder(store, "fold", tmp_path / "came")
    assert list(tmp_path.glob("came*")) == []


@pytest.mark.parametrize("writers", [2, 20])
def test_of_racing_creators_one_wins(store_uri: str, writers: int) -> None:
    def create(number: int) -> bool:
        with suppress(ConflictError):
            open_store(store_uri).create("key", str(number).encode())
            return True
        return False

    with ThreadPoolExecutor(writers) as pool:
        won = list(pool.map(create, range(writers)))
    assert won.count(True) == 1
    assert open_store(store_uri).get("key").data == str(won.index(True)).encode()


@pytest.mark.parametrize("writers", [2, 20])
def test_racing_swappers_lose_no_update(store_uri: str, writers: int) -> None:
    open_store(store_uri).create("count", b"0")

    def increment(number: int) -> None:
        store = open_store(store_uri)
        while True:
            content = store.get("count")
            with suppress(ConflictError):
                store.swap("count", str(int(content.data) + 1).encode(), content.version)
                return

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(increment, range(writers)))
    assert open_store(store_uri).get("count").data == str(writers).encode()


def test_readers_see_the_whole_of_one_writing(store_uri: str) -> None:
    writings = [bytes([letter]) * 500_000 for letter in b"abcd"]
    open_store(store_uri).put("key", writings[0])
    done = Event()

    def write(data: bytes) -> None:
        store = open_store(store_uri)
        for _ in range(5):
            store.put("key", data)

    def read(_: int) -> int:
        store, seen = open_store(store_uri), 0
        while not done.is_set():
            assert store.get("key").data in writings
            seen += 1
        return seen

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, number) for number in range(2)]
        list(pool.map(write, writings))
        done.set()
        assert all(reader.result() for reader in readers)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        os.fspath(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
