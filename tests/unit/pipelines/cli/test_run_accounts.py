"""`huggingtweets run` with accounts of several kinds: one persona of all of them."""

from pathlib import Path

import pytest
from support.bluesky import BskyAccount, bluesky, bsky_post
from support.mastodon import MastodonAccount, mastodon, status
from support.x_api import TOKEN, XAccount, x_api, x_post

from components.contracts.reports import CollectReport
from pipelines.cli.command import main


def test_accounts_of_several_kinds_are_collected_each_with_its_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    out = tmp_path / "out"
    feed = [bsky_post(number) for number in range(4, -1, -1)]
    with (
        x_api(XAccount("ann", [x_post(number) for number in range(5)])) as x,
        bluesky(BskyAccount(feed=feed)) as bsky,
        mastodon(MastodonAccount([status(number) for number in range(7)])) as masto,
    ):
        monkeypatch.setenv("HUGGINGTWEETS_BLUESKY_URL", bsky.url)
        words = ["run", "--out", str(out), "--until", "collect", "--x-api-url", x.url]
        words += ["--accept-cost", "--accept-x-terms", "agreement 7"]
        words += ["--bluesky", "nobody.bsky.social", "--consent", "fictional"]
        words += ["--mastodon", "nobody@social.example", "--consent", "public-figure"]
        words += ["--handle", "ann", "--consent", "written-consent"]
        words += ["--mastodon-url", masto.url]
        assert main(words) == 0
        asked = len(bsky.seen)
        assert main([*words, "--resume"]) == 0
        assert len(bsky.seen) == asked
        feed.insert(0, bsky_post(5))
        old = out / "raw-dataset" / "nobody.bsky.social"
        assert main([*words, "--since", str(old)]) == 0
    report = CollectReport.read(old / "collect.json")
    assert (report.source, report.consent) == ("bluesky:nobody.bsky.social", "fictional")
    assert (report.counts.downloaded, report.notes["new"]) == (6, 1)
    others = {
        "ann": ("x-api:ann", "written-consent"),
        "nobody.social.example": ("mastodon:nobody@social.example", "public-figure"),
    }
    for author, expected in others.items():
        other = CollectReport.read(out / "raw-dataset" / author / "collect.json")
        assert (other.source, other.consent) == expected
    assert f"--bluesky-url {bsky.url}" in capsys.readouterr().err
