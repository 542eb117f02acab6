"""`huggingtweets refresh` of a persona whose posts come from an account."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.bluesky import BskyAccount, bluesky, bsky_post, moment

from components.contracts.reports import CollectCounts, CollectReport
from components.registry import Registry
from components.registry.refreshes import read_refresh, refreshes
from pipelines.cli.command import main

ACCOUNT = "nobody.bsky.social"


def registry_of(folder: Path, newest: int) -> Registry:
    """One with a version of ann, made when `newest` was the account's newest post."""
    at = datetime.fromisoformat(moment(newest))
    collected = CollectReport(
        author=ACCOUNT,
        source=f"bluesky:{ACCOUNT}",
        consent="fictional",
        input_sha256="0",
        counts=CollectCounts(downloaded=1, reposts=0, replies=0, quotes=0),
        oldest=at,
        newest=at,
    ).model_dump(mode="json")
    lineage: Any = {
        "collect": {ACCOUNT: collected},
        "fetch": {"asked": "openai-community/gpt2", "source": "hub"},
    }
    registry = Registry.open(str(folder / "registry")).begin()
    registry.publish("ann", lambda _, place: (place / "model").touch(), lineage)
    return registry


def test_an_account_is_asked_for_what_is_new_and_its_posts_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    registry = registry_of(tmp_path, newest=249)
    feed = [bsky_post(number, f"post {number}") for number in range(249, -1, -1)]
    words = ["refresh", "ann", "--registry", "registry", "--state", str(tmp_path / "state")]
    with bluesky(BskyAccount(feed=feed)) as server:
        words += ["--bluesky-url", server.url]
        pages: list[int] = []
        for out in ("first", "first", "another"):  # the last on a machine that kept nothing
            feed.insert(0, bsky_post(len(feed), "one more"))
            server.seen.clear()
            assert main([*words, "--out", out]) == 0
            pages.append(len(server.pages))
            report = CollectReport.read(tmp_path / out / "raw-dataset" / ACCOUNT / "collect.json")
            assert report.counts.downloaded == len(feed)
            assert report.consent == "fictional"
    assert pages[0] > 2, "all posts"
    assert pages[1:] == [1, 1], "what is newer"
    told = [read_refresh(registry.store, "ann", n) for n in refreshes(registry.store, "ann")]
    assert [one.outcome for one in told] == ["too-little-new"] * 3
    assert [one.new_posts[0].posts for one in told] == [1, 2, 3]
    assert registry.versions("ann") == [1]


def test_nothing_new_is_a_refresh_that_ended_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    registry_of(tmp_path, newest=9)
    feed = [bsky_post(number) for number in range(9, -1, -1)]
    with bluesky(BskyAccount(feed=feed)) as server:
        for _ in range(3):
            words = ["refresh", "ann", "--registry", "registry", "--bluesky-url", server.url]
            asked = len(server.seen)
            assert main(words) == 0
            assert len(server.seen) > asked, "what was kept is no answer to what is new"
    assert "ann stays as it is: 0 new posts, where 50 are asked for" in capsys.readouterr().out
