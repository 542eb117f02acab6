from pathlib import Path

import pytest
from support.archives import members, tweet, write_folder

from components.collect.config import ArchiveSource
from components.collect.opened import OpenFile
from components.collect.source_file import LocalFiles
from components.contracts.errors import BadInputError
from pipelines.local.job import identity_of_model


def identity_of_file(place: str) -> str:
    with LocalFiles() as files:
        return OpenFile(ArchiveSource(archive=place, consent="fictional"), files).sha256


def test_a_file_and_an_object_are_known_by_their_bytes(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("a")
    places = (str(file), f"file://{file}")
    before = [identity_of_file(place) for place in places]
    assert before == [identity_of_file(place) for place in places]
    file.write_text("ab")
    assert not set(before) & {identity_of_file(place) for place in places}


def test_a_home_folder_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text("{}")
    before = identity_of_file("~/tiny/config.json"), identity_of_model("~/tiny")
    (tmp_path / "tiny" / "config.json").write_text("[]")
    after = identity_of_file("~/tiny/config.json"), identity_of_model("~/tiny")
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_a_folder_is_known_by_what_is_read_of_it(tmp_path: Path) -> None:
    write_folder(tmp_path, members([tweet(1)]))
    before = identity_of_file(str(tmp_path))
    write_folder(tmp_path, {"data/like.js": b"new", "data/tweets_media/1.mp4": b"new"})
    (tmp_path / "data" / "tweets.js").touch()
    assert identity_of_file(str(tmp_path)) == before
    for name in ("data/tweets-part1.js", "data/account.js", "data/profile_media/42-face.png"):
        write_folder(tmp_path, {name: b"window.YTD.account.part0 = []"})
        after = identity_of_file(str(tmp_path))
        assert after != before
        before = after


def test_what_is_gone_is_missed(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot read"):
        identity_of_file(str(tmp_path / "a"))
