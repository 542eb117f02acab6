import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.archives import PNG, manifest, members, note, tweet, write_archive, write_zip
from support.collecting import author_of

from components.collect.__main__ import main
from components.collect.config import ArchiveSource, TableSource
from components.collect.stage import run
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport
from components.registry import Registry
from components.registry.opt_outs import add_opt_out
from components.runtime.digests import file_sha256

TABLE = "id,date,text,user\n2,2016-01-02,b &amp; c,ann\n1,2016-01-01,a,ann\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    return path


def test_a_raw_dataset_holds_posts_report_and_picture(tmp_path: Path) -> None:
    path = write_archive(
        tmp_path / "x.zip",
        [
            tweet(10),
            tweet(9),
            tweet(3, "RT @a: b"),
            tweet(1, "@a b", in_reply_to_screen_name="a"),
            tweet(99, at="Sat Feb 18 12:33:10 +0000 2017"),
        ],
    )
    out = tmp_path / "out"
    config = ArchiveSource(archive=str(path), consent="own-archive")
    report = run(config, dataset_out=out)
    posts = list(read_rows(out / "posts.jsonl", Post))
    assert [post.id for post in posts] == ["99", "1", "3", "9", "10"]
    assert report == CollectReport.read(out / "collect.json")
    assert (report.counts.downloaded, report.counts.reposts, report.counts.replies) == (5, 1, 1)
    assert (report.oldest, report.newest) == (posts[0].created_at, posts[-1].created_at)
    assert report.source == "x-archive:x.zip"
    assert report.input_sha256 == file_sha256(path)
    assert (out / "picture.png").read_bytes() == PNG
    assert report.picture == "picture.png"


def test_what_is_wrong_takes_five_lines_at_most(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = members(
        [{}, tweet(3, ""), tweet(4, at="never"), *map(tweet, range(5, 10))],
        [note("x", "2017-02-18T12:33:11Z"), note("", "2017-02-18T12:33:11Z"), note("y", "never")],
    )
    files["data/manifest.js"] = manifest({"data/tweets.js": ("tweets", 9)}, userName="bob")
    path = write_zip(tmp_path / "x.zip", files)
    report = run(
        ArchiveSource(archive=str(path), consent="own-archive"), dataset_out=tmp_path / "out"
    )
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(report.warnings) > 5
    assert len(said) == 5
    assert all(str(path) in line for line in said)
    assert f"{len(report.warnings) - 4} more warnings are in collect.json" in said[-1]


def test_the_same_source_gives_the_same_bytes(tmp_path: Path, table: Path) -> None:
    for name in ("one", "two"):
        run(TableSource(table=str(table), consent="fictional"), dataset_out=tmp_path / name)
    for file in ("posts.jsonl", "collect.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_source_may_lie_in_storage(tmp_path: Path, table: Path) -> None:
    config = TableSource(table=table.as_uri(), consent="fictional")
    assert run(config, dataset_out=tmp_path / "out").source == "table:t.csv"


def test_the_author_is_known_before_anything_is_collected(tmp_path: Path, table: Path) -> None:
    path = write_archive(tmp_path / "x.zip", [tweet(1)])
    assert author_of(TableSource(table=str(table), consent="fictional")) == "ann"
    assert author_of(ArchiveSource(archive=str(path), consent="fictional")) == "nobody"


def test_who_opted_out_is_not_collected(tmp_path: Path, table: Path) -> None:
    registry = str(tmp_path / "registry")
    config = TableSource(table=str(table), consent="fictional", registry=registry)
    with pytest.raises(BadInputError, match="cannot read who opted out"):
        run(config, dataset_out=tmp_path / "mistyped")
    Registry.open(registry).begin()
    run(config, dataset_out=tmp_path / "before")
    add_opt_out(registry, handle="@Ann")
    with pytest.raises(BadInputError, match="opted out"):
        run(config, dataset_out=tmp_path / "after")
    assert not (tmp_path / "after").exists()


def test_an_account_is_known_by_its_id_whatever_its_handle(tmp_path: Path) -> None:
    registry = str(tmp_path / "registry")
    add_opt_out(registry, account_id="42")
    path = write_archive(tmp_path / "x.zip", [tweet(1)])
    config = ArchiveSource(archive=str(path), consent="own-archive", registry=registry)
    with pytest.raises(BadInputError, match="opted out"):
        run(config, dataset_out=tmp_path / "out")


@pytest.mark.parametrize("handle", ["../up", "a/b", ".hidden", "x" * 97])
def test_a_handle_must_name_a_folder(tmp_path: Path, handle: str) -> None:
    (tmp_path / "t.csv").write_text(f"id,date,text,user\n1,2016-01-01,a,{handle}\n")
    for author in (None, handle):
        config = TableSource(table=str(tmp_path / "t.csv"), consent="fictional", author=author)
        with pytest.raises(BadInputError, match="cannot name a persona"):
            run(config, dataset_out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_source_is_never_overwritten(tmp_path: Path, table: Path) -> None:
    with pytest.raises(BadInputError, match="would be replaced"):
        run(TableSource(table=str(table), consent="fictional"), dataset_out=tmp_path)
    assert table.read_text() == TABLE


def test_a_killed_run_leaves_what_was_and_the_next_one_is_whole(
    tmp_path: Path, table: Path
) -> None:
    config = TableSource(table=str(table), consent="fictional")
    out = tmp_path / "out"
    run(config, dataset_out=out)
    before = (out / "posts.jsonl").read_bytes()
    killed = (
        "import os, pathlib, sys; from components.collect import stage\n"
        "from components.collect.config import TableSource\n"
        "stage.CollectReport.write = lambda *_: os.kill(os.getpid(), 9)\n"
        "config = TableSource(table=sys.argv[1], consent='fictional')\n"
        "stage.run(config, dataset_out=pathlib.Path(sys.argv[2]))\n"
    )
    table.write_text(TABLE + "3,2016-01-03,new,ann\n")
    done = subprocess.run([sys.executable, "-c", killed, str(table), str(out)], check=False)
    assert done.returncode == -9
    assert (out / "posts.jsonl").read_bytes() == before
    assert run(config, dataset_out=out).counts.downloaded == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "t.csv"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--archive", "x.zip", "--table", "t.csv"],
        ["--archive", "missing.zip"],
        ["--archive", ""],
        ["--table", "t.csv", "--author", ""],
        ["--table", "."],
        ["--table", "t.csv", "--columns", "words=text"],
        ["--table", "t.csv", "--columns", "text"],
        ["--table", "t.csv", "--author", "zoe"],
        ["--table", "t.csv", "--exclude-circle-window"],
        ["--archive", "t.csv"],
        ["--archive", "."],
        ["--archive", "/dev/null"],
        ["--archive", "t.csv", "--format", "twint"],
        ["--table", "gopher://x/y"],
    ],
    ids=" ".join,
)
def test_bad_input_is_one_sentence(
    tmp_path: Path,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    monkeypatch.chdir(table.parent)
    assert main([*words, "--consent", "fictional", "--dataset-out", "out"]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) <= 5
    assert "Traceback" not in said
    assert not Path("out").exists()


def test_consent_is_required(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--table", str(table), "--dataset-out", "out"]) == 2
    assert "--consent: it is required" in capsys.readouterr().err


def test_the_command_line_names_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("when,words\n2016-01-01,hello\n")
    words = ["--table", str(tmp_path / "t.csv"), "--author", "ann", "--consent", "fictional"]
    columns = ["--columns", "text=words,created_at=when"]
    assert main([*words, *columns, "--dataset-out", str(tmp_path / "out")]) == 0
    (line,) = (tmp_path / "out" / "posts.jsonl").read_text().splitlines()
    assert json.loads(line)["text"] == "hello"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, table: Path) -> None:
    table.chmod(0)
    with pytest.raises(BadInputError, match="cannot read"):
        run(TableSource(table=str(table), consent="fictional"), dataset_out=tmp_path / "out")


@pytest.mark.real_posts
@pytest.mark.parametrize(
    ("file", "author", "downloaded", "reposts"),
    [
        ("dgrtwo-tidy-text-mining/drob_tweets.csv", "drob", 3201, 823),
        ("fivethirtyeight-data/BarackObama.csv", None, 3207, 351),
        ("fivethirtyeight-data/realDonaldTrump.csv", None, 3232, 354),
    ],
)
def test_real_posts_all_come_through(
    tmp_path: Path, posts_folder: Path, file: str, author: str | None, downloaded: int, reposts: int
) -> None:
    config = TableSource(table=str(posts_folder / file), consent="public-figure", author=author)
    report = run(config, dataset_out=tmp_path / "out")
    assert report.counts.downloaded == downloaded
    assert report.counts.reposts == reposts
    assert len(list(read_rows(tmp_path / "out" / "posts.jsonl", Post))) == downloaded
    assert "substitute_ids" not in report.notes
    assert bool(report.damaged > 100) == ("538" in str(report.notes["format"]))


def test_the_sample_archive_reads(tmp_path: Path) -> None:
    build = pytest.importorskip("components.collect.sample.build")
    build.build_archive(tmp_path / "sample.zip")
    config = ArchiveSource(archive=str(tmp_path / "sample.zip"), consent="fictional")
    report = run(config, dataset_out=tmp_path / "out")
    assert report.counts.downloaded > 0
    assert report.picture
