"""Posts that their source no longer has are forgotten."""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from support.archives import members, tweet
from support.bluesky import BskyAccount, bluesky, bsky_post, bsky_repost
from support.forgetting import VARIABLES
from support.mastodon import MastodonAccount, mastodon, status
from support.x_api import TOKEN, XAccount, x_api, x_post

from components.collect.config import ArchiveSource, BlueskySource, MastodonSource, XSource
from components.collect.stage import run as collect
from components.contracts.base import read_rows
from components.contracts.forgetting import ForgetReceipt
from components.contracts.posts import Post
from components.contracts.reports import CollectReport
from components.forget.config import ForgetConfig
from components.forget.stage import UnfinishedError, run
from components.registry import Registry

TEXTS = ["soup", "rain again", "tea", "a garden", "hours", "quiet"]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    Registry.open(str(tmp_path / "registry")).begin()
    return tmp_path / "data/nobody"


def forget(raw: Path, **config: Any) -> ForgetReceipt:
    place = raw.parents[1]
    number = len(list(place.glob("receipt-*")))
    return run(
        ForgetConfig(gone=True, **config),
        registry=str(place / "registry"),
        artifacts=[str(raw.parent)],
        receipt_out=place / f"receipt-{number}",
        environment={**VARIABLES, "X_BEARER_TOKEN": TOKEN},
    )


def texts(raw: Path) -> list[str]:
    return [post.text for post in read_rows(raw / "posts.jsonl", Post)]


def test_bluesky_says_what_is_gone(raw: Path) -> None:
    feed = [bsky_post(n, text) for n, text in enumerate(TEXTS)]
    account = BskyAccount(feed=[*reversed(feed), bsky_repost(9)])
    with bluesky(account) as server:
        config = BlueskySource(
            bluesky="nobody.bsky.social", bluesky_url=server.url, consent="own-archive"
        )
        collect(config, dataset_out=raw)
        assert forget(raw, bluesky_url=server.url).datasets == ()
        account.feed.remove(feed[1])
        receipt = forget(raw, bluesky_url=server.url)
    assert [one.removed for one in receipt.datasets] == [1]
    assert [one for one in texts(raw) if not one.startswith("RT @")] == ["soup", *TEXTS[2:]]


def test_a_mastodon_server_says_what_is_gone(raw: Path) -> None:
    statuses = [status(n, f"<p>{text}</p>") for n, text in enumerate(TEXTS, 1)]
    account = MastodonAccount(statuses=list(statuses))
    with mastodon(account) as server:
        config = MastodonSource(
            mastodon="nobody@social.example", mastodon_url=server.url, consent="own-archive"
        )
        collect(config, dataset_out=raw)
        account.statuses.remove(statuses[4])
        receipt = forget(raw, mastodon_url=server.url)
    assert len(receipt.posts) == 1
    assert texts(raw) == [*TEXTS[:4], "quiet"]


def test_a_wrong_mastodon_address_means_nothing_is_gone(raw: Path) -> None:
    account = MastodonAccount(statuses=[status(n, "<p>tea</p>") for n in range(1, 4)])
    with mastodon(account) as server:
        config = MastodonSource(
            mastodon="nobody@social.example", mastodon_url=server.url, consent="own-archive"
        )
        collect(config, dataset_out=raw)
        account.gone = True
        with pytest.raises(UnfinishedError, match="suspended or deleted"):
            forget(raw, mastodon_url=server.url)
    assert len(texts(raw)) == 3


def x_source(url: str) -> XSource:
    return XSource(
        handle="nobody",
        x_api_url=url,
        consent="own-archive",
        accept_cost=True,
        accept_x_terms="an agreement",
    )


def test_x_says_what_is_gone(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    posts = [x_post(n, f"post {n}") for n in range(250)]
    account = XAccount("nobody", list(posts))
    with x_api(account) as server:
        collect(x_source(server.url), dataset_out=raw)
        del account.posts[100:103]
        with pytest.raises(UnfinishedError, match="agree with --accept-cost"):
            forget(raw, x_api_url=server.url)
        receipt = forget(raw, x_api_url=server.url, accept_cost=True)
        asked = [path for path in server.seen if path.startswith("/2/tweets?")]
    assert len(asked) == 3
    assert [one.removed for one in receipt.datasets] == [3]
    assert CollectReport.read(raw / "collect.json").counts.downloaded == 247


def test_posts_of_a_suspended_account_are_not_gone(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    account = XAccount("nobody", [x_post(n) for n in range(4)])
    with x_api(account) as server:
        collect(x_source(server.url), dataset_out=raw)
        account.suspended = True
        receipt = forget(raw, x_api_url=server.url, accept_cost=True)
    assert receipt.datasets == ()
    assert receipt.posts == ()
    assert len(texts(raw)) == 4


def test_that_most_posts_are_gone_is_not_believed_at_once(raw: Path) -> None:
    account = BskyAccount(feed=[bsky_post(n, text) for n, text in enumerate(TEXTS)][::-1])
    with bluesky(account) as server:
        config = BlueskySource(
            bluesky="nobody.bsky.social", bluesky_url=server.url, consent="own-archive"
        )
        collect(config, dataset_out=raw)
        account.feed = account.feed[:1]
        with pytest.raises(UnfinishedError, match="5 of 6 posts are said to be gone"):
            forget(raw, bluesky_url=server.url)
        assert len(texts(raw)) == 6
        forget(raw, bluesky_url=server.url, most_gone=1)
    assert texts(raw) == ["quiet"]


def archive(path: Path, numbers: Iterable[int], handle: str = "nobody") -> Path:
    tweets = [
        tweet(10**18 + n, f"post {n}", f"Sat Feb 18 12:{n:02}:11 +0000 2017") for n in numbers
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, data in members(tweets, handle=handle).items():
            file.writestr(name, data)
    path.write_bytes(packed.getvalue())
    return path


def test_a_newer_archive_says_what_is_gone(raw: Path, tmp_path: Path) -> None:
    old = archive(tmp_path / "old.zip", range(20))
    collect(ArchiveSource(archive=str(old), consent="own-archive"), dataset_out=raw)
    said = forget(raw).unknown
    assert "give the author's newest archive" in said[0]
    new = archive(tmp_path / "new.zip", [n for n in range(30) if n not in (3, 5)])
    other = archive(tmp_path / "other.zip", range(3), "somebody")
    assert forget(raw, archive=str(other)).datasets == ()
    receipt = forget(raw, archive=str(new))
    assert [one.removed for one in receipt.datasets] == [2]
    assert "post 3" not in texts(raw)
    assert len(texts(raw)) == 18
    assert receipt.authors == ("nobody",)
