"""`huggingtweets run` with several sources of one author: X hands out archives in parts."""

import csv
import random
import shutil
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.archives import members, tweet, write_zip

from components.contracts.reports import CollectReport, PrepareReport
from pipelines.cli.command import main
from pipelines.local.job import raw_dataset_names

START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = [a + b for a in ("ba", "lo", "mi", "tu", "re", "sky") for b in ("nd", "rk", "st", "ve")]


def text_of(number: int) -> str:
    return " ".join(random.Random(number).choices(WORDS, k=14))


def when(number: int) -> datetime:
    return START + timedelta(days=number)


def archive(path: Path, numbers: Iterable[int], handle: str = "ann", **more: Any) -> Path:
    posts = [
        tweet(10_000 + n, text_of(n), f"{when(n):%a %b %d %H:%M:%S +0000 %Y}") for n in numbers
    ]
    return write_zip(path, members(posts, handle=handle, **more))


def table(path: Path, numbers: Iterable[int], first: int = 10_000, **more: str) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "created_at", "text", *more])
        rows.writerows(
            [first + n, f"{when(n):%Y-%m-%d %H:%M:%S}", text_of(n), *more.values()] for n in numbers
        )
    return path


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something asked for the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def run(out: Path, *words: object, until: str = "prepare", expect: int = 0) -> None:
    given = ["run", "--out", out, "--until", until, *words]
    if "--consent" not in words:
        given += ["--consent", "fictional"]
    assert main([str(word) for word in given]) == expect


def collected(out: Path, name: str) -> CollectReport:
    return CollectReport.read(out / "raw-dataset" / name / "collect.json")


def prepared(out: Path) -> PrepareReport:
    return PrepareReport.read(out / "train-dataset" / "prepare.json")


def test_two_parts_of_an_archive_are_one_authors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [archive(tmp_path / "1.zip", range(90)), archive(tmp_path / "2.zip", range(80, 170))]
    words = [word for part in parts for word in ("--archive", part)]
    run(tmp_path / "out", *words)
    assert collected(tmp_path / "out", "ann").source == "x-archive:1.zip"
    assert collected(tmp_path / "out", "ann-2").source == "x-archive:2.zip"
    report = prepared(tmp_path / "out")
    assert report.persona_authors == ("ann",)
    assert (report.counts.downloaded, report.counts.other["same_id"]) == (180, 10)
    assert "collect 2.zip" in capsys.readouterr().out
    run(tmp_path / "out", *words, "--resume")
    assert capsys.readouterr().err.count("unchanged, reused") == 3


def test_an_archive_and_a_table_keep_each_its_basis_and_one_spelling(tmp_path: Path) -> None:
    one = archive(tmp_path / "1.zip", range(90))
    more = table(tmp_path / "more.csv", range(50, 150))
    consents = ("--consent", "own-archive", "--consent", "written-consent")
    run(tmp_path / "out", "--archive", one, "--table", more, "--author", "ANN", *consents)
    assert collected(tmp_path / "out", "ann").consent == "own-archive"
    assert collected(tmp_path / "out", "ann-2").consent == "written-consent"
    report = prepared(tmp_path / "out")
    assert report.persona_authors == ("ann",)
    assert report.counts.other["same_id"] == 40


def test_several_authors_may_each_have_several_sources(tmp_path: Path) -> None:
    tables = [table(tmp_path / f"{n}.csv", range(90 * n, 90 * n + 90)) for n in range(4)]
    words = [word for one in tables for word in ("--table", one)]
    authors = [word for name in ("ann", "bo", "ann", "bo") for word in ("--author", name)]
    run(tmp_path / "out", *words, *authors)
    assert sorted(folder.name for folder in (tmp_path / "out" / "raw-dataset").iterdir()) == [
        *("ann", "ann-2", "bo", "bo-2")
    ]
    assert prepared(tmp_path / "out").persona_authors == ("ann", "bo")


@pytest.mark.parametrize(
    ("authors", "names"),
    [
        (["ann", "bo"], ["ann", "bo"]),
        (["ann", "ann", "ann"], ["ann", "ann-2", "ann-3"]),
        (["ann", "Ann", "ann-2", "ann"], ["ann", "Ann-3", "ann-2", "ann-4"]),
    ],
)
def test_no_two_raw_datasets_share_a_name(authors: list[str], names: list[str]) -> None:
    assert raw_dataset_names(authors) == names


def test_one_source_given_twice_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = archive(tmp_path / "1.zip", range(90))
    copy = shutil.copy(one, tmp_path / "copy.zip")
    link = tmp_path / "link.zip"
    link.symlink_to(one)
    monkeypatch.chdir(tmp_path)
    for other, said in {
        "1.zip": "1.zip is given twice; give each source once",
        link: "is given twice; give each source once",
        copy: "copy.zip, both of @ann, are the same file; give it once",
    }.items():
        run(tmp_path / "out", "--archive", one, "--archive", other, expect=2)
        assert said in capsys.readouterr().err
    posts = table(tmp_path / "t.csv", range(90))
    run(tmp_path / "out", "--table", posts, "--author", "ann", "--author", "@Ann", expect=2)
    assert "t.csv is given twice" in capsys.readouterr().err
    run(tmp_path / "out", "--bluesky", "a.example.com", "--bluesky", "@A.example.com", expect=2)
    assert "@A.example.com is given twice" in capsys.readouterr().err
    assert not (tmp_path / "out" / "raw-dataset").exists()


def test_one_handle_of_two_accounts_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = archive(tmp_path / "1.zip", range(90))
    other = archive(tmp_path / "2.zip", range(90, 180))
    files = members([tweet(5, "later")], handle="ann")
    files |= {name: data.replace(b'"42"', b'"43"') for name, data in files.items()}
    write_zip(other, files)
    run(tmp_path / "out", "--archive", one, "--archive", other, expect=2)
    said = capsys.readouterr().err
    assert "ann holds posts of account 42" in said
    assert "ann-2 of account 43, though both are called @ann: they may be two people" in said


def test_ids_that_count_rows_never_take_posts_for_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = table(tmp_path / "1.csv", range(90), first=1)
    other = table(tmp_path / "2.csv", range(100, 190), first=1 - 100)
    run(tmp_path / "out", "--table", one, "--table", other, *("--author", "ann") * 2, expect=2)
    assert "so the ids of a table may just count its rows" in capsys.readouterr().err


def test_earlier_raw_datasets_go_each_to_their_own_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, raw = tmp_path / "out", tmp_path / "out" / "raw-dataset"
    one, other = (table(tmp_path / f"{n}.csv", range(90 * n, 90 * n + 90)) for n in range(2))
    words = ["--table", one, "--table", other, *("--author", "ann") * 2]
    run(out, *words)
    table(one, range(95))
    table(other, range(90, 182))
    run(out, *words, "--since", raw / "ann-2", "--since", raw / "ann")
    assert collected(out, "ann").notes["new"] == 5
    assert collected(out, "ann-2").notes["new"] == 2
    run(out, *words, *(word for _ in range(3) for word in ("--since", raw / "ann")), expect=2)
    assert "give one raw-dataset of @ann for each source" in capsys.readouterr().err
    bo = ["--table", one, "--author", "bo", "--since", raw / "ann"]
    run(tmp_path / "bo", *bo, expect=2)
    assert "holds posts of @ann, whom no source names" in capsys.readouterr().err


def test_nothing_is_fetched_before_the_posts_are_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = table(tmp_path / "few.csv", range(3))
    many = table(tmp_path / "many.csv", range(90))
    words = ["--author", "ann", "--base-model", "nobody/nowhere"]
    run(tmp_path / "few", "--table", few, *words, until="publish", expect=2)
    said = capsys.readouterr().err
    assert "3 of 3 posts remain" in said
    assert "components.fetch" not in said
    for until in ("collect", "prepare"):
        run(tmp_path / "out", "--table", many, *words, until=until)
    assert not (tmp_path / "out" / "pretrained-model").exists()


def test_a_base_model_that_should_be_here_is_looked_for_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    posts = table(tmp_path / "posts.csv", range(90))
    words = ["--table", posts, "--author", "ann", "--base-model", f"{tmp_path}/none/"]
    for until in ("fetch", "publish"):
        run(tmp_path / "out", *words, until=until, expect=2)
        assert "none is not a folder" in capsys.readouterr().err
    assert not (tmp_path / "out" / "raw-dataset").exists()
    run(tmp_path / "out", *words)
