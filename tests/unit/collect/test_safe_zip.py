import stat
import struct
import warnings
import zipfile
from functools import partial
from pathlib import Path

import pytest
from support.archives import members, tweet, write_zip

from components.collect.archive.members import is_disguised
from components.collect.containers import container, safe_zip
from components.contracts.errors import BadInputError

SafeZip = partial(safe_zip.SafeZip, poses=is_disguised)


def refuse(path: Path, sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence) as caught, SafeZip(path, "x.zip") as archive:
        for name in archive.names:
            archive.read(name)
    assert "x.zip" in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "../tweets.js",
        "data/../../tweets.js",
        "..\\data\\account.js",
        "/data/tweets.js",
        "\\data\\tweets.js",
        "C:/tweets.js",
        "c:tweets.js",
        "C:\\me\\data\\profile_media\\42-face.png",
        "data//tweets.js",
        "data/./tweets.js",
        "././tweets.js",
        "../tweets.csv",
    ],
)
def test_names_that_lead_out_and_pose_as_what_is_read_are_refused(
    tmp_path: Path, name: str
) -> None:
    files = members([tweet(1)]) | {name: b"x"}
    refuse(write_zip(tmp_path / "x.zip", files), "leads out")


def test_a_zero_byte_in_a_name_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"data/tweets.jsX.png": b"x"})
    path.write_bytes(path.read_bytes().replace(b"tweets.jsX", b"tweets.js\0"))
    refuse(path, "leads out")


def test_folders_are_fine(tmp_path: Path) -> None:
    with SafeZip(write_zip(tmp_path / "x.zip", {"data/": b"", "data/a": b"x"}), "x.zip") as archive:
        assert archive.read("data/a") == b"x"


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"data/tweets.js": b"x"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refuse(path, "encrypted")


@pytest.mark.parametrize("other", ["data/tweets.js", "data\\tweets.js", "./data/tweets.js"])
def test_two_members_of_one_name_are_refused(tmp_path: Path, other: str) -> None:
    path = tmp_path / "x.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as file:
        warnings.simplefilter("ignore")
        file.writestr("data/tweets.js", "a")
        file.writestr(other, "b")
    refuse(path, "same name")


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        link = zipfile.ZipInfo("data/tweets.js")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "direct-messages.js")
    refuse(path, "is a link")


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    refuse(write_zip(tmp_path / "x.zip", {"data/like.js": bytes(5 << 20)}), "200 times")


def test_what_nobody_opens_may_be_a_bomb(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"data/like.js": bytes(5 << 20), "a": b"x"})
    with SafeZip(path, "x.zip") as archive:
        assert archive.read("a") == b"x"


def test_a_bomb_of_one_block_used_often_is_refused(tmp_path: Path) -> None:
    """Many central entries over the same bytes: each is fine, all together are not."""
    block = bytes(1 << 20)
    path = write_zip(tmp_path / "x.zip", {f"data/{number:04}": block for number in range(1)})
    data = path.read_bytes()
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    many = b"".join(entry.replace(b"data/0000", b"data/%04d" % number) for number in range(500))
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 500, 500, len(many), start, 0)
    path.write_bytes(data[:start] + many + tail)
    refuse(path, "that are read|damaged")


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"data/tweets.js": bytes(3 << 20)})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 100)
    path.write_bytes(data)
    refuse(path, "damaged")


def test_a_member_longer_than_the_limit_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"a": b"12345"})
    with SafeZip(path, "x.zip") as archive, pytest.raises(BadInputError, match="more than the 4"):
        archive.read("a", limit=4)


def test_all_members_together_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MAX_READ", 7)
    refuse(write_zip(tmp_path / "x.zip", {"a": b"12345", "b": b"12345"}), "b unpacks")


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "MAX_MEMBERS", 2)
    refuse(
        write_zip(tmp_path / "x.zip", {"a": b"", "b": b"", "c": b""}), "holds more than the 2 files"
    )


def test_other_ways_of_packing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("a", "x")
    refuse(path, "packed in a way")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_zip_that_is_cut_off_says_so(tmp_path: Path, share: float) -> None:
    path = write_zip(tmp_path / "x.zip", members([tweet(n) for n in range(50)]))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    refuse(path, "cut off or damaged")


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.zip", {"data/tweets.js": b"some text that is packed"})
    data = bytearray(path.read_bytes())
    data[45] ^= 0xFF
    path.write_bytes(data)
    refuse(path, "damaged")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x1f\x8b\x08", b"Rar!\x1a\x07"])
def test_a_file_that_is_no_zip_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    refuse(path, "is not a zip")


def test_an_empty_zip_has_no_members(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w"):
        pass
    with SafeZip(path, "x.zip") as archive:
        assert archive.names == []
