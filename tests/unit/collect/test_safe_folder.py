import os
import socket
from functools import partial
from pathlib import Path

import pytest
from support.archives import members, tweet, write_folder

from components.collect.archive.members import is_disguised
from components.collect.containers import container, safe_folder
from components.contracts.errors import BadInputError

SafeFolder = partial(safe_folder.SafeFolder, poses=is_disguised)

SECRET = b"secret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "x", members([tweet(1)]))


def refuse(path: Path, sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence) as caught, SafeFolder(path, "x") as archive:
        for name in archive.names:
            archive.read(name)
    assert str(caught.value).isprintable()
    assert SECRET.decode() not in str(caught.value)


def test_what_lies_in_a_folder_is_read(folder: Path) -> None:
    with SafeFolder(folder, "x") as archive:
        assert {name: archive.read(name) for name in archive.names} == members([tweet(1)])


def test_links_to_files_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.js").write_bytes(SECRET)
    inside = write_folder(folder, {"data/direct-messages.js": SECRET}) / "data/direct-messages.js"
    for target in (tmp_path / "outside.js", inside, Path("direct-messages.js"), Path("nowhere")):
        (folder / "data" / "tweets.js").unlink()
        (folder / "data" / "tweets.js").symlink_to(target)
        refuse(folder, "tweets.js is a link")


def test_links_to_folders_are_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "data").rename(tmp_path / "outside")
    (folder / "data").symlink_to(tmp_path / "outside")
    with SafeFolder(folder, "x") as archive:
        assert archive.names == ["data"]
    refuse(folder, "data is a link")


def test_a_link_that_is_put_in_the_way_later_is_not_followed(folder: Path, tmp_path: Path) -> None:
    write_folder(tmp_path / "outside", {"tweets.js": SECRET, "account.js": SECRET})
    with SafeFolder(folder, "x") as archive:
        (folder / "data" / "account.js").unlink()
        (folder / "data" / "account.js").symlink_to(tmp_path / "outside" / "account.js")
        with pytest.raises(BadInputError, match="cannot read"):
            archive.read("data/account.js")
        (folder / "data").rename(folder / "away")
        (folder / "data").symlink_to(tmp_path / "outside")
        with pytest.raises(BadInputError, match="cannot read"):
            archive.read("data/tweets.js")


def test_the_folder_itself_may_be_given_by_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    with SafeFolder(tmp_path / "link", "x") as archive:
        assert b"nobody" in archive.read("data/account.js")


def test_pipes_and_sockets_are_refused_and_not_waited_for(folder: Path) -> None:
    tweets = folder / "data" / "tweets.js"
    tweets.unlink()
    os.mkfifo(tweets)
    refuse(folder, "not a plain file")
    tweets.unlink()
    with socket.socket(socket.AF_UNIX) as made, pytest.MonkeyPatch.context() as patch:
        patch.chdir(tweets.parent)  # the names of sockets are short
        made.bind(tweets.name)
        refuse(folder, "not a plain file")


def test_a_pipe_that_is_put_in_the_way_later_is_refused(folder: Path) -> None:
    with SafeFolder(folder, "x") as archive:
        (folder / "data" / "tweets.js").unlink()
        os.mkfifo(folder / "data" / "tweets.js")
        with pytest.raises(BadInputError, match="not a plain file"):
            archive.read("data/tweets.js")


@pytest.mark.parametrize("name", ["..\\tweets.js", "C:\\tweets.js", "\\data\\tweets.js"])
def test_names_that_lead_out_and_pose_as_what_is_read_are_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(SECRET)
    refuse(folder, "leads out")


def test_two_files_of_one_name_are_refused(folder: Path) -> None:
    (folder / "data\\tweets.js").write_bytes(SECRET)
    refuse(folder, "same name")


def test_a_file_longer_than_the_limit_is_refused(folder: Path) -> None:
    with SafeFolder(folder, "x") as archive, pytest.raises(BadInputError, match="more than the 4"):
        archive.read("data/tweets.js", limit=4)
    os.truncate(folder / "data" / "tweets.js", container.MAX_READ + 1)  # takes no room on the disk
    refuse(folder, "tweets.js unpacks to")


def test_all_files_together_are_limited(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (folder / "data" / "account.js").stat().st_size
    monkeypatch.setattr(container, "MAX_READ", size + 1)
    refuse(folder, r"manifest.js unpacks to .* more than the 1 that")


def test_too_many_files_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        (folder / str(number)).mkdir()
    monkeypatch.setattr(container, "MAX_MEMBERS", 9)
    refuse(folder, "holds more than the 9 files")


def test_a_file_that_is_cut_while_it_is_read_says_so(folder: Path) -> None:
    with SafeFolder(folder, "x") as archive, archive.open("data/tweets.js") as file:
        os.truncate(folder / "data" / "tweets.js", 0)
        with pytest.raises(BadInputError, match="not as long"):
            file.read(10)


def open_below(folder: Path) -> set[Path]:
    """What is open of a folder: other files may be closed by the garbage collector meanwhile."""
    return {
        target
        for descriptor in Path("/proc/self/fd").iterdir()
        if (target := descriptor.resolve()).is_relative_to(folder.resolve())
    }


def test_no_file_stays_open(folder: Path) -> None:
    (folder / "data" / "profile.js").unlink()
    os.mkfifo(folder / "data" / "profile.js")
    for _ in range(3):
        refuse(folder, "not a plain file")
    assert open_below(folder) == set()
    with SafeFolder(folder, "x"):
        assert open_below(folder) == {folder.resolve()}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_what_may_not_be_read_says_so(folder: Path) -> None:
    (folder / "data" / "tweets.js").chmod(0)
    refuse(folder, "cannot read .*tweets.js: Permission denied")
    (folder / "data").chmod(0)
    with SafeFolder(folder, "x") as archive:
        assert (archive.names, archive.unreadable) == ([], ["data/"])
    (folder / "data").chmod(0o700)
    folder.chmod(0)
    refuse(folder, "cannot read x: Permission denied")
    folder.chmod(0o700)
