"""One account's posts from Bluesky, through atproto and a server of the same shape."""

import html
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import PNG
from support.bluesky import START, BskyAccount, BskyServer, bluesky, bsky_post
from support.web_api import Fault, sending

from components.collect.bluesky.posts import read_post
from components.collect.bluesky.richtext import read_rich_text
from components.collect.config import BlueskySource
from components.collect.stage import run
from components.collect.web import asking
from components.collect.web.account import Account
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport
from components.prepare.cleaning import clean_default
from components.prepare.posts import Drop

NOBODY = "nobody.bsky.social"
ACCOUNT = Account("did:plc:nobody", NOBODY, None, None, None)


@pytest.fixture
def server() -> Iterator[BskyServer]:
    feed = [bsky_post(number, f"post {number}") for number in range(249, -1, -1)]
    with bluesky(BskyAccount(feed=feed)) as it:
        yield it


def collect(server: BskyServer, out: Path, since: Path | None = None, **more: Any) -> CollectReport:
    given = {"bluesky": NOBODY, "consent": "written-consent", "bluesky_url": server.url, **more}
    return run(BlueskySource(**given), dataset_out=out, since=since)


def posts_of(out: Path) -> list[Post]:
    return list(read_rows(out / "posts.jsonl", Post))


def refused(server: BskyServer, out: Path, **more: Any) -> str:
    with pytest.raises(BadInputError, match="nobody") as caught:
        collect(server, out, **more)
    assert not (out / "collect.json").exists()
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_feed_becomes_a_raw_dataset(server: BskyServer, tmp_path: Path) -> None:
    report = collect(server, tmp_path / "out", bluesky="@Nobody.bsky.social")
    posts = posts_of(tmp_path / "out")
    assert [post.text for post in posts] == [f"post {number}" for number in range(250)]
    assert (posts[3].id, posts[3].created_at) == ("3k000003", START.replace(minute=3))
    assert (posts[3].author, posts[3].lang, posts[3].kind) == (NOBODY, "en", "original")
    assert report.counts.downloaded == 250
    assert (report.author, report.account_id, report.display_name) == (
        NOBODY,
        "did:plc:nobody",
        "No Body",
    )
    assert (report.source, report.terms) == (f"bluesky:{NOBODY}", None)
    assert str(report.notes["terms"]).startswith("https://bsky.social/")
    assert (tmp_path / "out" / (report.picture or "")).read_bytes() == PNG
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(server.pages) == 4
    assert all("limit=100" in page for page in server.pages)


def facet(text: str, shown: str, **feature: str) -> dict[str, Any]:
    start = text.encode().index(shown.encode())
    kind = "mention" if "did" in feature else "link"
    return {
        "index": {"byteStart": start, "byteEnd": start + len(shown.encode())},
        "features": [{"$type": f"app.bsky.richtext.facet#{kind}", **feature}],
    }


def test_links_are_whole_and_once(server: BskyServer, tmp_path: Path) -> None:
    text = "Fish 🐟 & <chips> &lt; @ann.example.com: www.example.com/lon... and this page"
    link = "https://www.example.com/long/path?a=1&b=2"
    facets = [
        facet(text, "this page", uri="https://example.org"),
        facet(text, "www.example.com/lon...", uri=link),
        facet(text, "@ann.example.com", did="did:plc:ann"),
    ]
    server.accounts[0].feed = [bsky_post(0, text, facets=facets)]
    collect(server, tmp_path / "out")
    (post,) = posts_of(tmp_path / "out")
    assert html.unescape(post.text) == text.replace("www.example.com/lon...", link)
    assert post.urls == (html.escape(link),)
    assert post.urls[0] in post.text
    assert post.mentions == ("ann.example.com",)
    cleaned = clean_default(post, replies_are_marked=True, keep_newlines=False)
    assert not isinstance(cleaned, Drop)
    assert cleaned.text == "Fish 🐟 & <chips> &lt; @ann.example.com: and this page"


@pytest.mark.parametrize(
    "index",
    [
        {"byteStart": 1, "byteEnd": 3},
        {"byteStart": 0, "byteEnd": 99},
        {"byteStart": 4, "byteEnd": 4},
        {"byteStart": -1, "byteEnd": 4},
        {"byteStart": "0", "byteEnd": 4},
        {},
    ],
    ids=str,
)
def test_facets_that_do_not_fit_are_passed_over(index: dict[str, Any]) -> None:
    features = [{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com"}]
    record = {"text": "🐟 fish", "facets": [{"index": index, "features": features}]}
    assert read_rich_text(record).text == "🐟 fish"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=9,
)
FACETS = st.lists(
    st.fixed_dictionaries(
        {
            "index": st.fixed_dictionaries(
                {"byteStart": st.integers(0, 20), "byteEnd": st.integers(0, 20)}
            ),
            "features": st.lists(
                st.fixed_dictionaries(
                    {
                        "$type": st.sampled_from(["link", "mention", "tag"]).map(
                            "app.bsky.richtext.facet#{}".format
                        ),
                        "uri": st.text(max_size=9),
                    }
                ),
                max_size=2,
            ),
        }
    ),
    max_size=4,
)


@settings(deadline=None)
@given(st.text(max_size=20), FACETS)
def test_words_survive_any_facets(text: str, facets: list[dict[str, Any]]) -> None:
    rich = read_rich_text({"text": text, "facets": facets})
    assert rich.text == text, "a link that is not shortened changes nothing"


@settings(deadline=None, max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(["text", "createdAt", "langs", "facets", "reply", "embed"]), JSON
    ),
    st.dictionaries(st.sampled_from(["post", "reason", "reply"]), JSON),
)
def test_any_item_is_a_post_or_a_reason(record: dict[str, Any], item: dict[str, Any]) -> None:
    for stated in (bsky_post(1) | item, bsky_post(1, **record), item):
        post = read_post(stated, ACCOUNT)
        if not isinstance(post, str):
            assert post.model_validate_json(post.model_dump_json()) == post


def test_a_post_is_no_later_than_bluesky_knew_of_it() -> None:
    post = read_post(bsky_post(5, createdAt="2999-01-01T00:00:00Z"), ACCOUNT)
    assert isinstance(post, Post)
    assert post.created_at == START.replace(minute=5)


def test_another_account_of_the_same_name_brings_nothing_up_to_date(
    server: BskyServer, tmp_path: Path
) -> None:
    collect(server, tmp_path / "old")
    server.accounts[0].feed.insert(0, bsky_post(300))
    server.accounts[0].did = "did:plc:other"
    with pytest.raises(BadInputError, match="is account did:plc:other now"):
        collect(server, tmp_path / "other", since=tmp_path / "old")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"labels": [{"val": "!no-unauthenticated", "src": "did:plc:nobody"}]}, "logged-in"),
        ({"description": "Soup. #NoBot"}, "its profile says #NoBot"),
        ({"description": "#nobots, #no_ai"}, "#nobots, and its profile says #no_ai"),
    ],
)
def test_an_account_that_asks_for_it_is_left_alone(
    server: BskyServer, tmp_path: Path, facts: dict[str, Any], said: str
) -> None:
    server.accounts[0].facts = facts
    for consent in ("public-figure", "fictional"):
        assert said in refused(server, tmp_path / "out", consent=consent)
    assert server.pages == []
    for consent in ("own-archive", "written-consent"):
        assert collect(server, tmp_path / consent, consent=consent).counts.downloaded == 250


@pytest.mark.parametrize(
    "facts",
    [
        {"labels": [{"val": "!no-unauthenticated", "neg": True}, {"val": "porn"}]},
        {"description": "no #nobotany here, nobot@example.com, x#nobot"},
        {"labels": None, "description": None},
    ],
    ids=str,
)
def test_other_words_ask_for_nothing(
    server: BskyServer, tmp_path: Path, facts: dict[str, Any]
) -> None:
    server.accounts[0].facts = facts
    assert collect(server, tmp_path / "out").counts.downloaded == 250


def test_accounts_that_cannot_be_had_are_named(
    server: BskyServer, tmp_path: Path, naps: list[float]
) -> None:
    assert "renamed or deleted" in refused(server, tmp_path / "out", bluesky="nobody.example.com")
    server.accounts[0].state = "AccountTakedown"
    assert "suspended this account" in refused(server, tmp_path / "out")
    server.accounts[0].state = "AccountDeactivated"
    assert "owner has deactivated" in refused(server, tmp_path / "out")
    server.accounts[0].state = ""
    server.accounts[0].facts = {"handle": "handle.invalid"}
    assert "--bluesky did:plc:nobody" in refused(server, tmp_path / "out")
    server.accounts[0].facts = {"handle": "somebody.bsky.social"}
    assert "now called @somebody.bsky.social" in refused(server, tmp_path / "out")
    server.accounts[0].facts = {}
    server.accounts[0].feed = []
    assert "holds no posts" in refused(server, tmp_path / "out")
    assert naps == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (sending(b'{"error": "AuthMissing", "message": "no"}', 401), "not public (401)"),
        (sending(b"<html>", 404), "check --bluesky-url (404)"),
        (
            sending(b'{"error": "X", "message": "a\\n\\u001bb"}', 403),
            "refuses (403); it says: a ?b",
        ),
        (sending(b'{"error": 5}', 400), "refuses (400)"),
        (sending(b"[]", 410), "check --bluesky-url (410)"),
    ],
    ids=range(5),
)
def test_what_will_not_pass_is_said_at_once(
    server: BskyServer, tmp_path: Path, naps: list[float], fault: Fault, said: str
) -> None:
    server.faults = [fault]
    assert said in refused(server, tmp_path / "out")
    assert (naps, len(server.seen)) == ([], 1)


def test_rate_limits_are_reset_when_their_header_says() -> None:
    now = time.time()
    inside = datetime.fromtimestamp(now + 60, UTC)
    for headers in (
        {"x-rate-limit-reset": f"{now + 60:.0f}"},
        {"ratelimit-reset": f"{now + 60:.0f}"},
        {"x-ratelimit-reset": inside.isoformat()},
    ):
        assert asking.seconds_to_reset(headers) == pytest.approx(61, abs=2)
    assert asking.seconds_to_reset({"ratelimit-reset": "soon"}) == 0
