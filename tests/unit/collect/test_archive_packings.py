"""Archives that were unpacked and packed again, by anyone, on any system."""

import os
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import entries, members, tweet, write_folder, write_zip
from support.collecting import Read, read_with

from components.collect.archive.archive import read_archive
from components.collect.config import ArchiveSource
from components.collect.posts import valid_unicode
from components.contracts.errors import BadInputError

FILES = members([tweet(1, "mine"), tweet(2, "RT @ann: hers")])
OTHER = members([tweet(7, "another's")], handle="other")
Packer = Callable[[Path, Mapping[str, bytes]], Path]


@pytest.fixture(params=[write_zip, write_folder], ids=["zip", "folder"])
def pack(request: pytest.FixtureRequest) -> Any:
    """Writes members to a place: as a zip, and as the folder that it is unpacked to."""
    return request.param


def collect(path: Path, **config: Any) -> Read:
    given = ArchiveSource(archive=str(path), consent="own-archive", **config)
    return read_with(read_archive, path, "mine", given)


def within(folder: str, files: Mapping[str, bytes] = FILES) -> dict[str, bytes]:
    return {folder + name: data for name, data in files.items()}


def refused(path: Path, sentence: str) -> str:
    with pytest.raises(BadInputError, match=sentence) as caught:
        collect(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("mine")
    return str(caught.value)


@pytest.mark.parametrize(
    "folder", ["", "me/", "me/too/", "a/b/c/d/e/f/", "data/", "my data/", "ü/"]
)
def test_the_archive_is_found_at_any_depth(tmp_path: Path, pack: Packer, folder: str) -> None:
    read = collect(pack(tmp_path / "x", within(folder)))
    assert (read.author, [post.text for post in read.posts]) == (
        "nobody",
        ["mine", "RT @ann: hers"],
    )
    assert read.picture is not None
    assert read.complete
    assert not read.warnings


@pytest.mark.parametrize("folder", ["", "me/"])
def test_what_systems_leave_beside_it_is_passed_by(
    tmp_path: Path, pack: Packer, folder: str
) -> None:
    files = within(folder)
    for place in {"", folder, f"{folder}data/", f"{folder}data/profile_media/"}:
        for name in (".DS_Store", "desktop.ini", "Thumbs.db", "._tweets.js", ".tweets.js.swp"):
            files[place + name] = b"\0\1"
    files |= within(f"__MACOSX/{folder}", {"._data": b"\0", "data/._tweets.js": b"\0\5\x16\7"})
    for place in ("__MACOSX", ".AppleDouble", ".Trash-1000/files", "@eaDir", "$RECYCLE.BIN/S-1"):
        files[f"{place}/data/tweets.js"] = b"\0\5\x16\7"
    files |= {f"{folder}notes.txt": b"x", "other/list.csv": b"x", f"{folder}data/tweets.csv": b"x"}
    read = collect(pack(tmp_path / "x", files))
    assert len(read.posts) == 2
    assert not read.warnings


def test_a_copy_of_the_posts_beside_the_archive_is_passed_by(tmp_path: Path, pack: Packer) -> None:
    files = {**FILES, "tweets.js": OTHER["data/tweets.js"], "tweets.csv": b"tweet_id\n1\n"}
    assert [post.id for post in collect(pack(tmp_path / "x", files)).posts] == ["1", "2"]


@pytest.mark.parametrize("start", ["", "./", ".\\", "me\\", "me\\too/"])
def test_backslashes_are_separators(tmp_path: Path, pack: Packer, start: str) -> None:
    files = {start + name.replace("/", "\\"): data for name, data in FILES.items()}
    files |= {"data\\": b""} if pack is write_zip else {}
    read = collect(pack(tmp_path / "x", files))
    assert len(read.posts) == 2
    assert read.picture is not None


def test_names_that_begin_with_a_dot_and_a_slash_are_read(tmp_path: Path) -> None:
    assert len(collect(write_zip(tmp_path / "x", within("./"))).posts) == 2


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        "data/..",
        "",
        "/",
        "//",
        "C:\\Windows\\x.dll",
        "a//b",
        "nul\0byte",
        "line\nbreak\x1b[31m",
        "tweets.js/",
        "data/profile_media/more/",
        "../data/profile_media/",
        "con",
        "x" * 60_000,
        "a/" * 30_000,
        "..\\..\\evil.exe",
        "data/direct-messages\u202e.js",
    ],
)
def test_no_name_of_what_is_not_read_refuses_a_zip(tmp_path: Path, name: str) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "x", "w") as file:
        warnings.simplefilter("ignore")  # doubled names
        for member in (*FILES, name, name, "data/like.js", "data/like.js"):
            info = zipfile.ZipInfo()
            info.filename = info.orig_filename = member
            file.writestr(info, FILES.get(member, b"secret"))
    assert len(collect(tmp_path / "x").posts) == 2


@pytest.mark.parametrize("name", [b"\xff\xfe", b"caf\xe9", b"\xc3\x28/\xed\xa0\x80"])
def test_a_name_that_is_no_text_refuses_nothing(tmp_path: Path, name: bytes) -> None:
    stand_in = "é" * 2 + "x" * (len(name) - 4) if len(name) >= 4 else "é"
    path = write_zip(tmp_path / "x", {f"a/{stand_in}": b"secret", **FILES, f"b/{stand_in}": b""})
    data = path.read_bytes()
    assert data.count(stand_in.encode()) == 4
    path.write_bytes(data.replace(stand_in.encode(), name))
    assert len(collect(path).posts) == 2


STRANGE = st.lists(
    st.sampled_from(["data", "tweets.js", "account.js", "me", "..", ".", "", "C:", "\0", "é"])
    | st.text(max_size=4),
    max_size=5,
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(STRANGE, st.sampled_from("/\\")), max_size=4))
def test_no_name_brings_in_the_posts_of_others(names: list[tuple[list[str], str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as file:
            warnings.simplefilter("ignore")
            for name in [*FILES, *(slash.join(parts) for parts, slash in names)]:
                info = zipfile.ZipInfo()
                info.filename = info.orig_filename = valid_unicode(name)
                file.writestr(info, FILES.get(name, OTHER["data/tweets.js"]))
        try:
            read, said = [post.id for post in collect(path).posts], ""
        except BadInputError as error:
            read, said = ["1", "2"], str(error)
        assert read == ["1", "2"]
        assert said.isprintable()


def test_no_name_of_what_is_not_read_refuses_a_folder(tmp_path: Path) -> None:
    odd = ["..\\evil.txt", "C:\\x.dll", "line\nbreak\x1b[31m", "con", "x" * 250, "a\\\\b", "\\"]
    path = write_folder(tmp_path / "x", {**FILES, **dict.fromkeys(odd, b"secret")})
    Path(os.fsdecode(bytes(path) + b"/data/\xff\xfe.js")).write_bytes(b"secret")
    (path / "data" / "tweets-part1.js").mkdir()
    os.mkfifo(path / "data" / "like.js")
    (path / "data" / "tweets_media").symlink_to("/")
    (path / "loop").symlink_to(path)
    assert len(collect(path).posts) == 2


def test_the_folder_that_it_lies_in_may_be_called_anything(tmp_path: Path) -> None:
    path = tmp_path / "x"
    inner = os.fsdecode(b"\xff\x1b[31m\n")
    write_folder(path / inner, {**FILES, "data/tweets-part1.js": b"window.YTD.tweets.part1 = []"})
    (warning,) = collect(path).warnings
    assert "data/tweets-part1.js" in warning
    assert warning.isprintable()


@pytest.mark.parametrize(
    ("one", "two"),
    [("a/", "b/"), ("", "b/"), ("", "old/copy/"), ("a/", "a/b/"), ("me/", "me - Copy/")],
)
def test_two_archives_are_refused_by_that_name(
    tmp_path: Path, pack: Packer, one: str, two: str
) -> None:
    path = pack(tmp_path / "x", within(one) | within(two, OTHER))
    said = refused(path, "holds two archives")
    assert f"{one}data/" in said
    assert f"{two}data/" in said
    assert "--archive" in said


def test_two_archives_of_different_years_are_refused_too(tmp_path: Path, pack: Packer) -> None:
    bare = {name.removeprefix("data/"): data for name, data in OTHER.items()}
    csv = {"tweets.csv": b"tweet_id", "data/js/user_details.js": b"var user_details = {}"}
    refused(pack(tmp_path / "one", within("new/") | within("old/", csv)), "holds two archives")
    refused(pack(tmp_path / "two", FILES | bare), "holds two archives")
    refused(pack(tmp_path / "three", within("a/", csv) | within("b/", csv)), "holds two archives")
    three = within("a/") | within("b/") | within("c/")
    refused(pack(tmp_path / "four", three), "holds 3 archives.*among others")


def test_many_archives_are_refused_quickly(tmp_path: Path) -> None:
    refused(
        write_zip(tmp_path / "x", {f"{n}/tweets.js": b"" for n in range(20_000)}), "20,000 arch"
    )


@pytest.mark.parametrize("place", ["data", "data/"])
def test_the_folder_data_by_itself_is_read(tmp_path: Path, place: str) -> None:
    write_folder(tmp_path, FILES)
    read = collect(tmp_path / place)
    assert len(read.posts) == 2
    assert read.picture is not None
    assert not read.warnings


def test_a_zip_within_a_zip_is_named(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", FILES).read_bytes()
    said = refused(write_zip(tmp_path / "x", {"got/twitter.zip": inner}), "got/twitter.zip")
    assert "unpack it" in said


def test_a_zip_in_a_folder_is_named(tmp_path: Path) -> None:
    write_zip(tmp_path / "twitter.zip", FILES)
    refused(tmp_path, "--archive mine/twitter.zip$")


def test_a_folder_that_was_unpacked_in_part_says_so(tmp_path: Path) -> None:
    write_folder(tmp_path / "x", {"Your archive.html": b"<html>", "assets/a.js": b""})
    refused(tmp_path / "x", "not unpacked whole.* unpack the zip again, all of it")
    files = {name: FILES[name] for name in ("data/manifest.js", "data/account.js")}
    write_folder(tmp_path / "y", {**files, "data/tweets-part1.js": FILES["data/tweets.js"]})
    refused(tmp_path / "y", "names 'data/tweets.js' .* unpack the whole zip again")
    write_folder(tmp_path / "z", {"data/tweets.js": FILES["data/tweets.js"][:-200]})
    with pytest.raises(BadInputError, match="cut off or damaged"):
        collect(tmp_path / "z", author="nobody")


def test_posts_alone_need_the_name_of_their_author(tmp_path: Path, pack: Packer) -> None:
    path = pack(tmp_path / "x", {"tweets.js": entries("tweets", "tweet", [tweet(1)])})
    refused(path, "add --author")
    assert collect(path, author="ann").author == "ann"


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("tweets.js", FILES["data/tweets.js"], "one file out of an archive; .* lies in, "),
        ("manifest.js", FILES["data/manifest.js"], "one file out of an archive"),
        ("Your archive.html", b"\n<!DOCTYPE html><html>", "a page that shows an archive"),
        ("tweets.csv", b"tweet_id,text\n", "a table; give it with --table"),
        ("x.rar", b"Rar!\x1a\x07", "is not a zip.* or the folder"),
    ],
)
def test_one_file_of_an_archive_says_what_to_give(
    tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(data)
    given = ArchiveSource(archive=name, consent="fictional")
    with pytest.raises(BadInputError, match=sentence) as caught:
        read_with(read_archive, tmp_path / name, f"out/data/{name}", given)
    assert str(caught.value).startswith(f"out/data/{name} is not a zip")
    if name == "tweets.js":
        assert re.search("lies in, out/data$", str(caught.value))
