from pathlib import Path

import pytest

from components.storage import StorageError, open_store
from components.storage.transfer import download_file


def test_paths_and_file_uris_are_the_same_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a b%20ü"
    open_store(str(place)).put("key", b"1")
    for uri in (f"file://{tmp_path}/a%20b%2520%C3%BC", f"file://localhost{tmp_path}/a b%2520ü"):
        assert open_store(uri).get("key").data == b"1"
    monkeypatch.chdir(tmp_path)
    assert open_store("a b%20ü").get("key").data == b"1"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("~/a b%20ü").get("key").data == b"1"


@pytest.mark.parametrize("uri", ["s3://bucket/deep/er", "gs://bucket/deep/er/", "s3://bucket"])
def test_opening_a_bucket_reaches_for_nothing(uri: str) -> None:
    assert open_store(uri).uri == uri.rstrip("/")


@pytest.mark.parametrize("uri", ["", "file://", "ftp://x/y", "gs://", "s3:///key", "file://host/x"])
def test_what_is_no_place_is_refused(uri: str) -> None:
    with pytest.raises(StorageError, match="names no|not a place|names a host"):
        open_store(uri)


@pytest.mark.parametrize("uri", ["s3://bucket", "gs://bucket/", "folder/"])
def test_a_file_needs_a_name(uri: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="names no file"):
        download_file(uri, tmp_path / "file")
