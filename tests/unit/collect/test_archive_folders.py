"""An unpacked archive as a source: `--archive FOLDER`."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from support.archives import members, tweet, write_folder, write_zip
from support.collecting import author_of

from components.collect.__main__ import main
from components.collect.config import ArchiveSource, source_given
from components.collect.stage import run
from components.contracts.errors import BadInputError

FILES = members([tweet(1), tweet(2, "RT @ann: hers")])
SAME = {"source": "", "input_sha256": ""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "me", {**FILES, "data/like.js": b"secret"})


def test_a_folder_gives_what_its_zip_gives(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    inner = {f"me/{name}": data for name, data in FILES.items()}
    places = [str(write_zip(tmp_path / "me.zip", inner)), "~/me", str(folder / "data")]
    reports, outputs = [], []
    for number, place in enumerate(places):
        config = ArchiveSource(archive=place, consent="own-archive")
        assert author_of(config) == "nobody"
        out = tmp_path / f"out-{number}"
        reports.append(run(config, dataset_out=out))
        outputs.append([(out / name).read_bytes() for name in ("posts.jsonl", "picture.png")])
    assert outputs[0] == outputs[1] == outputs[2]
    assert [report.source for report in reports] == [
        "x-archive:me.zip",
        "x-archive:me",
        "x-archive:data",
    ]
    assert len({report.model_copy(update=SAME).model_dump_json() for report in reports}) == 1
    assert reports[1].input_sha256 == reports[2].input_sha256


def test_the_digest_is_of_what_is_read_and_can_be_checked_by_hand(
    tmp_path: Path, folder: Path
) -> None:
    config = ArchiveSource(archive=str(folder), consent="own-archive")
    report = run(config, dataset_out=tmp_path / "out")
    lines = subprocess.run(
        ["sha256sum", *sorted(FILES)], cwd=folder, capture_output=True, check=True
    ).stdout
    assert report.input_sha256 == hashlib.sha256(lines).hexdigest()
    write_folder(folder, {"data/like.js": b"changed", "data/profile_media/1-old.png": b"new"})
    assert run(config, dataset_out=tmp_path / "out").input_sha256 == report.input_sha256
    write_folder(folder, {"data/account.js": FILES["data/account.js"] + b"\n"})
    assert run(config, dataset_out=tmp_path / "out").input_sha256 != report.input_sha256


def test_the_working_folder_may_be_the_archive(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "data")
    for place, name in ((".", "data"), ("..", "me")):
        config = ArchiveSource(archive=place, consent="own-archive")
        assert run(config, dataset_out=tmp_path / "out").source == f"x-archive:{name}"


@pytest.mark.parametrize("out", [".", "me", "me/out", "me/data", "me/../me/new", "link/out"])
def test_nothing_is_written_into_the_source_nor_over_it(
    tmp_path: Path, folder: Path, out: str
) -> None:
    (tmp_path / "link").symlink_to(folder)
    before = sorted(tmp_path.rglob("*"))
    config = ArchiveSource(archive=str(folder), consent="own-archive")
    with pytest.raises(BadInputError, match="name another folder"):
        run(config, dataset_out=tmp_path / out)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_out_of_the_folder_is_refused_and_nothing_is_written(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.js").write_bytes(FILES["data/tweets.js"])
    (folder / "data" / "tweets.js").unlink()
    (folder / "data" / "tweets.js").symlink_to(tmp_path / "other.js")
    words = ["--archive", str(folder), "--consent", "own-archive"]
    assert main([*words, "--dataset-out", str(tmp_path / "out")]) == 2
    assert "data/tweets.js is a link" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_picture_that_nobody_names_may_be_a_link(tmp_path: Path, folder: Path) -> None:
    (folder / "data" / "profile_media" / "42-banner.png").symlink_to("/etc/passwd")
    config = ArchiveSource(archive=str(folder), consent="own-archive")
    assert run(config, dataset_out=tmp_path / "out").picture == "picture.png"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for flag in ("archive", "table"):
        config = source_given({flag: str(tmp_path / "pipe"), "consent": "fictional"}, {})
        with pytest.raises(BadInputError, match="not a plain file"):
            run(config, dataset_out=tmp_path / "out")


@pytest.mark.parametrize("end", ["", "/"])
def test_a_folder_in_storage_is_one_sentence(tmp_path: Path, folder: Path, end: str) -> None:
    config = ArchiveSource(archive=folder.as_uri() + end, consent="own-archive")
    with pytest.raises(BadInputError, match="is a folder in storage"):
        run(config, dataset_out=tmp_path / "out")
