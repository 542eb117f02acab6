import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.storage import ChecksumError, ObjectMissingError, StorageError, open_store
from components.storage.local import FileStore
from components.storage.transfer import upload_folder


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store", "store")


def test_a_killed_writer_leaves_nothing_that_is_seen(store: FileStore) -> None:
    killed = (
        "import os, pathlib, sys; from components.storage import open_store\n"
        "def half(path, data):\n"
        "    os.write(os.open(path, os.O_CREAT | os.O_WRONLY), data[:2]); os.kill(os.getpid(), 9)\n"
        "pathlib.Path.write_bytes = half\n"
        "open_store(sys.argv[1]).put('a/key', b'whole')\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(store.root)], check=False)
    (draft,) = [path for path in store.root.rglob("*") if path.is_file()]
    assert list(store.list()) == []
    with pytest.raises(ObjectMissingError):
        store.get("a/key")
    assert store.sweep(draft.stat().st_mtime) == []
    assert store.sweep(draft.stat().st_mtime + 1) == [f"a/{draft.name}"]
    assert not draft.exists()


def test_a_file_where_a_folder_belongs_is_said(store: FileStore) -> None:
    store.put("file", b"")
    store.put("folder/file", b"")
    for key in ("file/under", "file/deep/under", "folder"):
        with pytest.raises(StorageError, match=f"cannot write {key} in store"):
            store.put(key, b"")
        with pytest.raises(ObjectMissingError):
            store.get(key)
    assert [stat.key for stat in store.list()] == ["file", "folder/file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission_is_said(store: FileStore) -> None:
    store.put("key", b"")
    store.root.chmod(0o500)
    with pytest.raises(StorageError, match="no permission"):
        store.put("other", b"")
    store.root.chmod(0o700)


@pytest.mark.parametrize("made", [None, "file"])
def test_a_folder_that_is_not_there_holds_not_merely_nothing(
    store: FileStore, tmp_path: Path, made: str | None
) -> None:
    if made:
        store.root.touch()
    for ask in (
        lambda: store.get("key"),
        lambda: store.stat("key"),
        lambda: store.read("key", 0, 1),
        lambda: store.delete("key"),
        lambda: store.copy("key", "other"),
        lambda: store.download("key", tmp_path / "came"),
        lambda: list(store.list()),
        lambda: store.folders(),
        lambda: store.sweep(0.0),
    ):
        with pytest.raises(StorageError, match="cannot use store: (there is no|it is a file)") as e:
            ask()
        assert not isinstance(e.value, ObjectMissingError)
    if not made:
        store.put("key", b"")
        assert [stat.key for stat in store.list()] == ["key"]


@pytest.mark.parametrize("size", [5, 9_000_000])
@pytest.mark.parametrize("times", [1, 1000])
def test_a_copy_that_is_not_the_original_does_not_appear(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, times: int
) -> None:
    """The disk writes something else, at first or every time."""
    monkeypatch.setattr("components.storage.retry.DEADLINE", 0.2)
    sent = tmp_path / "sent"
    sent.write_bytes(b"a" * size)
    pwrite, bad = os.pwrite, itertools.count()

    def changed(file: int, data: bytes, at: int) -> int:
        return pwrite(file, b"b" + data[1:] if next(bad) < times else data, at)

    for copy, came in (
        (lambda: store.upload(sent, "key"), store.root / "key"),
        (lambda: store.download("key", tmp_path / "came"), tmp_path / "came"),
    ):
        monkeypatch.setattr(os, "pwrite", changed)
        bad = itertools.count()
        if times > 1:
            with pytest.raises(ChecksumError, match="does not hold the bytes"):
                copy()
            monkeypatch.setattr(os, "pwrite", pwrite)
            store.upload(sent, "key")
        else:
            copy()
            assert came.read_bytes() == sent.read_bytes()


def test_what_is_no_folder_cannot_be_uploaded(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="is not a folder"):
        upload_folder(open_store(str(tmp_path)), tmp_path / "none", "x")
