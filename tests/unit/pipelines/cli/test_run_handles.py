"""`huggingtweets run` with X accounts: any number, each collected as its own dataset."""

from pathlib import Path

import pytest
from support.x_api import TOKEN, XAccount, XServer, refusing, x_api, x_post

from components.contracts.base import read_rows
from components.contracts.posts import Post
from components.contracts.reports import CollectReport
from pipelines.cli.command import main

NAMES = ("ann", "Bo", "cy")
COUNTS = (5, 120, 7)


def accounts() -> list[XAccount]:
    return [
        XAccount(name, [x_post(n, f"{name} {n}") for n in range(count)], account_id=str(number))
        for number, (name, count) in enumerate(zip(NAMES, COUNTS, strict=True), 1)
    ]


def words(server: XServer, out: Path, *more: str) -> list[str]:
    handles = [word for name in NAMES for word in ("--handle", name.lower())]
    agreed = ["--accept-cost", "--accept-x-terms", "agreement 7", "--consent", "public-figure"]
    to = ["--x-api-url", server.url, "--until", "collect", "--out", str(out)]
    return ["run", *handles, *agreed, *to, *more]


def test_three_handles_are_three_datasets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    out = tmp_path / "out"
    with x_api(*accounts()) as server:
        assert main(words(server, out)) == 0
        asked = len(server.seen)
        assert main(words(server, out, "--resume")) == 0
        assert len(server.seen) == asked, "what is unchanged is not paid for again"
        server.accounts[0].posts.append(x_post(5, "new"))
        assert main(words(server, out, "--since", str(out / "raw-dataset" / "ann"))) == 0
        (since,) = [page for page in server.pages if "since_id" in page]
    for name, count in zip(NAMES, COUNTS, strict=True):
        folder = out / "raw-dataset" / name.lower()
        report = CollectReport.read(folder / "collect.json")
        assert (report.author, report.terms) == (name, "agreement 7")
        assert report.counts.downloaded == count + (name == "ann")
        assert len(list(read_rows(folder / "posts.jsonl", Post))) == report.counts.downloaded
    assert f"since_id={10**18 + 4}" in since
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err
    assert "--accept-x-terms 'agreement 7'" in said.err


def test_a_run_goes_on_where_an_account_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    with x_api(*accounts()) as server:
        server.faults = [None, None, None, None, refusing(402)]
        assert main(words(server, tmp_path / "out")) == 2
        assert "@Bo: the X developer account has no credits left" in capsys.readouterr().err
        server.seen.clear()
        assert main(words(server, tmp_path / "out", "--resume")) == 0
        # Bo's second page, then the account of cy and its page: nothing is paid for twice
        assert len([path for path in server.seen if "pictures" not in path]) == 3


def test_without_acceptance_the_collect_step_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    with x_api(*accounts()) as server:
        line = words(server, tmp_path / "out")
        assert main([word for word in line if word != "--accept-cost"]) == 2
        assert "agree with --accept-cost" in capsys.readouterr().err
        at = line.index("--accept-x-terms")
        assert main(line[:at] + line[at + 2 :]) == 2
        assert "X's developer guidelines forbid" in capsys.readouterr().err
        assert server.seen == []
