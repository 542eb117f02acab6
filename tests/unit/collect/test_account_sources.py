"""What holds for every account that a server is asked for, whichever server that is."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.bluesky import BskyAccount, bluesky, bsky_post, bsky_reply, bsky_repost
from support.mastodon import ANN, MastodonAccount, mastodon, reblog, replying, status
from support.web_api import Fault, cutting, dripping, endless, hanging_up, sending, silent_for
from support.x_api import TOKEN, XAccount, refusing, x_api, x_post

from components.collect.__main__ import main
from components.collect.config import source_given
from components.collect.stage import run
from components.collect.web import adapter, asking
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport
from components.prepare.classic import clean_classic
from components.prepare.posts import Drop
from components.registry.opt_outs import add_opt_out


def with_reset(handler: Any) -> tuple[int, dict[str, str], bytes]:
    return 200, {"X-RateLimit-Reset": "soon"}, b"[]"


def moved_away(handler: Any) -> tuple[int, dict[str, str], bytes]:
    return 302, {"Location": handler.path}, b"<html>"


@dataclass(frozen=True)
class Mixed:
    """Reposts, replies and quotes among an account's own posts, and what becomes of them."""

    items: list[dict[str, Any]]
    """The oldest first, which is a repost of other people's words."""
    kinds: str
    reply_to: tuple[str | None, ...]
    """Of the first five."""
    counts: tuple[int, int, int]
    """Reposts, replies, quotes."""
    repost: str
    texts: tuple[str, ...]
    """Of the last ones."""


@dataclass(frozen=True)
class Feed:
    """The posts that a server shows to everybody, as one of its kind writes them."""

    name: str
    """The field of the stand-in's account."""
    newest_first: bool
    mixed: Mixed
    spoil: tuple[Callable[[dict[str, Any]], None], Callable[[dict[str, Any]], None]]
    """Two ways in which an item cannot be read."""
    warning: str
    known: int
    """Of how many posts an earlier raw-dataset knows."""
    new_pages: int
    """How many pages hold what is newer."""

    def items(self, server: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = getattr(server.accounts[0], self.name)
        return items[::-1] if self.newest_first else items[:]

    def show(self, server: Any, items: list[dict[str, Any]]) -> None:
        setattr(server.accounts[0], self.name, items[::-1] if self.newest_first else items)


@dataclass(frozen=True)
class Kind:
    """A kind of account, with a server that has one of it."""

    serve: Callable[[], AbstractContextManager[Any]]
    name: dict[str, str]
    """The flag that names the account."""
    url: str
    """The flag that says where the server is."""
    posts: int
    server: str
    """What messages call the server."""
    asks: str
    """The module, the class and the method that asks for a page."""
    opt_outs: tuple[dict[str, str], ...]
    """Names of the author on the opt-out list."""
    account_id: str
    circle: bytes
    """A page that leads to itself."""
    odd: tuple[Fault, ...]
    """Answers that a server of this kind alone does not mean."""
    meanwhile: Callable[[Any], None] = lambda server: None
    """What may happen at the server between two requests and changes nothing."""
    more: tuple[tuple[str, str | bool], ...] = ()
    """Further flags."""
    before: int = 1
    """How many requests come before the first page."""
    like: Callable[[Any], None] = lambda server: None
    """What people do with posts that are there."""
    feed: Feed | None = None


def serve_x() -> AbstractContextManager[Any]:
    return x_api(XAccount("NoBody", [x_post(number, f"post {number}") for number in range(250)]))


def serve_bluesky() -> AbstractContextManager[Any]:
    feed = [bsky_post(number, f"post {number}") for number in range(249, -1, -1)]
    return bluesky(BskyAccount(feed=feed))


def serve_mastodon() -> AbstractContextManager[Any]:
    return mastodon(MastodonAccount([status(n, f"<p>post {n}</p>") for n in range(95)]))


def liked_on_bluesky(server: Any) -> None:
    for item in server.accounts[0].feed:
        item["post"]["likeCount"] = 7


def liked_on_mastodon(server: Any) -> None:
    for one in server.accounts[0].statuses:
        one["favourites_count"] = 7


def without_uri(item: dict[str, Any]) -> None:
    item["post"]["uri"] = "gone"


def by_ann(item: dict[str, Any]) -> None:
    item["post"]["author"] = {"did": "did:plc:ann"}


def without_time(item: dict[str, Any]) -> None:
    item["created_at"] = "soon"


def embedding(number: int, text: str, kind: str, **embed: Any) -> dict[str, Any]:
    return bsky_post(number, text, embed={"$type": f"app.bsky.embed.{kind}", **embed})


QUOTED = {"uri": "at://did:plc:ann/app.bsky.feed.post/3p", "cid": "bafy"}
A_LIST = {"uri": "at://did:plc:ann/app.bsky.graph.list/3l", "cid": "bafy"}
ON_BLUESKY = Mixed(
    [
        bsky_repost(0, "THEIR WORDS"),
        bsky_reply(1, "did:plc:ann", {"did": "did:plc:ann", "handle": "ann.example.com"}),
        bsky_reply(2, "did:plc:ann", None),
        bsky_reply(3, "did:plc:nobody", None),
        embedding(4, "quoted", "record", record=QUOTED),
        embedding(5, "with a picture", "recordWithMedia", record={"record": QUOTED}),
        embedding(6, "a list", "record", record=A_LIST),
        embedding(7, "", "images"),
    ],
    "repost reply reply reply quote quote original original",
    (None, "ann.example.com", "did:plc:ann", "nobody.bsky.social", None),
    (1, 3, 2),
    "RT @ann: https://bsky.app/profile/did:plc:ann/post/3a000000",
    ("",),
)
ON_MASTODON = Mixed(
    [
        reblog(0, "<p>THEIR WORDS</p>"),
        replying(1, "7", mentions=[ANN]),
        replying(2, "8"),
        replying(3, "42"),
        status(4, quote={"state": "accepted", "quoted_status": {"id": "9"}}),
        status(5, "", media_attachments=[{"id": "1"}]),
        status(6, "<p>the text</p>", spoiler_text="a warning", sensitive=True),
    ],
    "repost reply reply reply quote original original",
    (None, "ann@else.example", "8", "nobody.social.example", None),
    (1, 3, 1),
    "RT @ann: https://else.example/@ann/9",
    ("", "the text"),
)
KINDS = {
    "x": Kind(
        serve_x,
        {"handle": "nobody"},
        "x_api_url",
        250,
        "X",
        "x_api.client XClient get",
        ({"handle": "@Nobody"},),
        "42",
        json.dumps({"meta": {"result_count": 0, "next_token": "a"}}).encode(),
        (
            *(refusing(status) for status in (429, 500, 503)),
            refusing(429, x_rate_limit_reset="soon"),
            sending(b"[]"),
            sending(b'{"data": ['),
            sending(b"<html>", 502),
            sending(b"[]", 503),
            sending(b'{"errors": 7}', 500),
            sending(b"null", 429),
        ),
        more=(("accept_cost", True), ("accept_x_terms", "agreement 7 of May 2026")),
    ),
    "bluesky": Kind(
        serve_bluesky,
        {"bluesky": "nobody.bsky.social"},
        "bluesky_url",
        250,
        "Bluesky",
        "bluesky.client BlueskyClient feed",
        ({"handle": "@Nobody.bsky.social"},),
        "did:plc:nobody",
        b'{"feed": [], "cursor": "a"}',
        (sending(b"[]"), sending(b"{}")),
        before=2,
        meanwhile=lambda server: server.accounts[0].feed.insert(0, bsky_post(300)),
        like=liked_on_bluesky,
        feed=Feed(
            "feed",
            True,
            ON_BLUESKY,
            (without_uri, by_ann),
            "no id: 1 (first: post 1)",
            known=130,
            new_pages=2,
        ),
    ),
    "mastodon": Kind(
        serve_mastodon,
        {"mastodon": "nobody@social.example"},
        "mastodon_url",
        95,
        "social.example",
        "mastodon.client MastodonClient statuses",
        ({"handle": "@Nobody@Social.Example"}, {"handle": "nobody.social.example"}),
        "https://social.example/users/nobody",
        b'[{"id": "5"}]',
        (sending(b"{}"), sending(b'"x"'), with_reset),
        like=liked_on_mastodon,
        feed=Feed(
            "statuses",
            False,
            ON_MASTODON,
            (without_time, without_time),
            "2",
            known=60,
            new_pages=1,
        ),
    ),
}
PUBLIC = [name for name, kind in KINDS.items() if kind.feed]
PASSING: tuple[Fault, ...] = (
    *(sending(b"{}", status) for status in (429, 500, 502, 503, 504)),
    *(cutting, hanging_up),
    *(sending(body) for body in (b"", b"{", b"null")),
)


@dataclass(frozen=True)
class Account:
    """An account at a server that runs."""

    kind: Kind
    server: Any

    def flags(self) -> dict[str, Any]:
        kind = self.kind
        return {"consent": "written-consent", kind.url: self.server.url, **kind.name} | dict(
            kind.more
        )

    def collect(self, out: Path, since: Path | None = None, **more: Any) -> CollectReport:
        return run(source_given(self.flags() | more, {}), dataset_out=out, since=since)

    def is_collected_to(self, out: Path, **more: Any) -> bool:
        return self.collect(out, **more).counts.downloaded == self.kind.posts

    def refused(self, out: Path, **more: Any) -> str:
        with pytest.raises(BadInputError, match="(?i)nobody") as caught:
            self.collect(out, **more)
        assert not (out / "collect.json").exists()
        assert str(caught.value).isprintable()
        return str(caught.value)

    def words(self, out: Path) -> list[str]:
        """The same on a command line."""
        words = ["--dataset-out", str(out)]
        for name, value in self.flags().items():
            flag = "--" + name.replace("_", "-")
            words += [flag] if value is True else [flag, str(value)]
        return words


@pytest.fixture(params=KINDS)
def account(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Account]:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    kind = KINDS[request.param]
    with kind.serve() as server:
        yield Account(kind, server)


@pytest.fixture
def feed(account: Account) -> Feed:
    assert account.kind.feed
    return account.kind.feed


def posts_of(out: Path) -> list[Post]:
    return list(read_rows(out / "posts.jsonl", Post))


def test_the_same_posts_give_the_same_bytes(account: Account, tmp_path: Path) -> None:
    account.collect(tmp_path / "one")
    account.kind.like(account.server)
    account.collect(tmp_path / "two")
    for file in ("posts.jsonl", "collect.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@pytest.mark.parametrize("account", PUBLIC, indirect=True)
def test_reposts_replies_and_quotes_are_told_apart(
    account: Account, feed: Feed, tmp_path: Path
) -> None:
    mixed = feed.mixed
    feed.show(account.server, mixed.items)
    counts = account.collect(tmp_path / "out").counts
    posts = posts_of(tmp_path / "out")
    assert " ".join(post.kind for post in posts) == mixed.kinds
    assert tuple(post.reply_to for post in posts[:5]) == mixed.reply_to
    assert (counts.reposts, counts.replies, counts.quotes) == mixed.counts
    assert posts[0].text == mixed.repost
    assert b"THEIR" not in (tmp_path / "out" / "posts.jsonl").read_bytes()
    assert clean_classic(posts[0]) is Drop.RETWEET
    assert tuple(post.text for post in posts[-len(mixed.texts) :]) == mixed.texts


@pytest.mark.parametrize("account", PUBLIC, indirect=True)
def test_a_few_posts_that_cannot_be_read_are_left_out(
    account: Account, feed: Feed, tmp_path: Path
) -> None:
    items = feed.items(account.server)
    for item, spoil in zip(items[-2:], feed.spoil[::-1], strict=True):
        spoil(item)
    report = account.collect(tmp_path / "out")
    assert (report.counts.downloaded, report.notes["skipped"]) == (account.kind.posts - 2, 2)
    assert any(feed.warning in warning for warning in report.warnings)
    for item in items:
        feed.spoil[0](item)
    assert "cannot be read" in account.refused(tmp_path / "none")


@pytest.mark.parametrize("account", PUBLIC, indirect=True)
def test_only_what_is_new_is_asked_for(account: Account, feed: Feed, tmp_path: Path) -> None:
    server, count = account.server, account.kind.posts
    items = feed.items(server)
    feed.show(server, items[: feed.known])
    account.collect(tmp_path / "old")
    feed.show(server, items)
    server.seen.clear()
    report = account.collect(tmp_path / "new", since=tmp_path / "old")
    assert (report.counts.downloaded, report.notes["new"]) == (count, count - feed.known)
    assert len(server.pages) == feed.new_pages
    texts = [post.text for post in posts_of(tmp_path / "new")]
    assert texts == [f"post {number}" for number in range(count)]
    again = account.collect(tmp_path / "new", since=tmp_path / "new")
    assert (again.counts.downloaded, again.notes["new"]) == (count, 0)


@pytest.mark.parametrize(
    ("account", "fault"),
    [
        pytest.param(name, fault, id=f"{name}-{number}")
        for name, kind in KINDS.items()
        for number, fault in enumerate((*PASSING, *kind.odd))
    ],
    indirect=["account"],
)
def test_what_may_pass_is_tried_again(
    account: Account, tmp_path: Path, naps: list[float], fault: Fault
) -> None:
    account.server.faults = [None, fault, fault]
    assert account.is_collected_to(tmp_path / "out")
    assert naps == [1, 2]


def test_a_page_is_tried_six_times(account: Account, tmp_path: Path, naps: list[float]) -> None:
    account.server.faults = [*[None] * account.kind.before, *[sending(b"", 503)] * 9]
    said = account.refused(tmp_path / "out")
    assert f"no answer from {account.kind.server}" in said
    assert "after 6 tries (it answered 503" in said
    assert len(account.server.pages) == 6
    assert naps == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("fault", [silent_for(0.3), dripping, endless], ids=range(3))
def test_a_server_that_does_not_come_to_an_end_is_not_waited_for(
    account: Account,
    tmp_path: Path,
    naps: list[float],
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
) -> None:
    assert adapter.READ_SECONDS == 30
    monkeypatch.setattr(adapter, "READ_SECONDS", 0.1)
    monkeypatch.setattr(adapter, "WHOLE_SECONDS", 0.1 if fault is dripping else 60)
    account.server.faults = [fault]
    assert account.is_collected_to(tmp_path / "out")
    assert naps == [1]


def test_the_reset_of_the_rate_limit_is_waited_for(
    account: Account, tmp_path: Path, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = account.server
    server.requests_left, server.reset_after = 2, 300

    def nap(seconds: float) -> None:
        naps.append(seconds)
        server.requests_left = 100

    monkeypatch.setattr(asking.time, "sleep", nap)
    assert account.is_collected_to(tmp_path / "out")
    assert naps == [pytest.approx(301, abs=2)]


def test_too_long_a_wait_is_not_begun(account: Account, tmp_path: Path, naps: list[float]) -> None:
    account.server.requests_left, account.server.reset_after = 2, 2000
    assert "longest wait of 900" in account.refused(tmp_path / "out")
    assert naps == []
    account.server.requests_left = 100
    assert account.is_collected_to(tmp_path / "out", resume=True)


def test_a_redirect_is_followed(account: Account, tmp_path: Path) -> None:
    account.server.faults = [moved_away, moved_away]
    assert account.is_collected_to(tmp_path / "out")


def test_pages_that_go_in_circles_are_left(account: Account, tmp_path: Path) -> None:
    account.server.faults = [
        *[None] * account.kind.before,
        *[sending(account.kind.circle)] * 10,
    ]
    assert "do not come to an end" in account.refused(tmp_path / "out")
    assert len(account.server.pages) == 2


@pytest.mark.parametrize("resume", [True, False])
def test_a_killed_collection_goes_on_where_it_was(
    account: Account, tmp_path: Path, resume: bool
) -> None:
    server = account.server
    whole = account.collect(tmp_path / "whole")
    pages = len(server.pages)
    server.seen.clear()
    module, client, method = account.kind.asks.split()
    die = (
        "import os, sys; from components.collect.__main__ import main\n"
        f"from components.collect.{module} import {client}\n"
        f"ask, count = {client}.{method}, []\n"
        "def one(*given):\n"
        "    count.append('users/by' not in given[1])\n"  # X asks for the account, too
        "    return os.kill(os.getpid(), 9) if sum(count) == 3 else ask(*given)\n"
        f"{client}.{method} = one\n"
        "main(sys.argv[1:])\n"
    )
    out = tmp_path / "out"
    words = account.words(out)
    done = subprocess.run([sys.executable, "-c", die, *words], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert (out.exists(), len(server.seen)) == (False, account.kind.before + 2)
    server.seen.clear()
    if resume:
        account.kind.meanwhile(server)
    assert main([*words, "--resume"] if resume else words) == 0
    assert CollectReport.read(out / "collect.json") == whole
    assert (out / "posts.jsonl").read_bytes() == (tmp_path / "whole/posts.jsonl").read_bytes()
    pictures = sum("picture" in path for path in server.seen)
    asked = pages - 2 if resume else pages
    before = account.kind.before - resume  # the account is kept, its wishes are not
    assert (len(server.pages), len(server.seen) - pictures) == (asked, asked + before)
    assert not (tmp_path / ".out.pages").exists()


@pytest.mark.parametrize(
    ("account", "who"),
    [(name, who) for name, kind in KINDS.items() for who in kind.opt_outs],
    indirect=["account"],
)
def test_who_opted_out_is_not_asked_for(
    account: Account, tmp_path: Path, who: dict[str, str]
) -> None:
    registry = str(tmp_path / "registry")
    add_opt_out(registry, **who)
    with pytest.raises(BadInputError, match="opted out"):
        account.collect(tmp_path / "out", registry=registry)
    assert account.server.seen == []


def test_who_opted_out_by_account_is_not_collected(account: Account, tmp_path: Path) -> None:
    registry = str(tmp_path / "registry")
    add_opt_out(registry, account_id=account.kind.account_id)
    with pytest.raises(BadInputError, match="opted out"):
        account.collect(tmp_path / "out", registry=registry)
    assert account.server.pages == []


@pytest.mark.parametrize(
    "words",
    [
        ["--handle", "no body"],
        ["--handle", ""],
        ["--handle", "nobody", "--archive", "x.zip"],
        ["--handle", "nobody", "--author", "ann"],
        ["--handle", "nobody", "--since-id", "x"],
        ["--handle", "nobody", "--since-id", "9", "--until-id", "9"],
        ["--handle", "nobody", "--x-api-url", "api.x.com"],
        ["--handle", "nobody", "--x-api-url", "https://api.x.com/2"],
        ["--handle", "nobody", "--max-wait", "0"],
        ["--handle", "nobody", "--exclude-circle-window"],
        ["--table", "t.csv", "--since-id", "9"],
        ["--bluesky", "nobody"],
        ["--bluesky", "no body.bsky.social"],
        ["--bluesky", "nobody.bsky.social."],
        ["--bluesky", ""],
        ["--bluesky", "handle.invalid"],
        ["--bluesky", "https://bsky.app/profile/handle.invalid"],
        ["--bluesky", "https://bsky.app/profile/"],
        ["--bluesky", "did:"],
        ["--bluesky", "did:plc:"],
        ["--bluesky", "did:plc:../up"],
        ["--bluesky", "did:web:localhost"],
        ["--bluesky", "did:key:z6Mk"],
        ["--bluesky", f"{'n' * 60}.{'n' * 60}.example.com"],
        ["--bluesky", "nobody.bsky.social", "--handle", "nobody"],
        ["--bluesky", "nobody.bsky.social", "--author", "ann"],
        ["--bluesky", "nobody.bsky.social", "--since-id", "5"],
        ["--bluesky", "nobody.bsky.social", "--format", "plain"],
        ["--bluesky", "nobody.bsky.social", "--bluesky-url", "public.api.bsky.app"],
        ["--bluesky", "nobody.bsky.social", "--bluesky-url", "https://public.api.bsky.app/xrpc"],
        ["--mastodon", "nobody"],
        ["--mastodon", "nobody@"],
        ["--mastodon", "@social.example"],
        ["--mastodon", "no body@social.example"],
        ["--mastodon", "nobody@social"],
        ["--mastodon", "nobody@social.example/api"],
        ["--mastodon", "nobody@x@social.example"],
        ["--mastodon", "no..body@social.example"],
        ["--mastodon", ""],
        ["--mastodon", "nobody@social.example", "--bluesky", "nobody.bsky.social"],
        ["--mastodon", "nobody@social.example", "--author", "ann"],
        ["--mastodon", "nobody@social.example", "--until-id", "5"],
        ["--mastodon", "nobody@social.example", "--exclude-circle-window"],
        ["--mastodon", "nobody@social.example", "--mastodon-url", "social.example"],
        ["--mastodon", "nobody@social.example", "--mastodon-url", "https://social.example/api"],
    ],
    ids=" ".join,
)
def test_flags_that_make_no_sense_are_one_sentence(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--consent", "fictional", "--dataset-out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) <= 5
    assert "Traceback" not in said
