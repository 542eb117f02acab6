"""The server that the tests of Bluesky ask keeps the rules: atproto's own client sees each one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from atproto import Client
from atproto import exceptions as refusals
from support.bluesky import FEED, PROFILE, BskyAccount, BskyServer, bluesky, bsky_post, bsky_repost

NOBODY = "nobody.bsky.social"


@pytest.fixture
def server() -> Iterator[BskyServer]:
    feed = [bsky_repost(250), *(bsky_post(number) for number in range(249, -1, -1))]
    gone = BskyAccount("gone.bsky.social", did="did:plc:gone", state="AccountTakedown")
    with bluesky(BskyAccount(feed=feed), gone) as it:
        yield it


@pytest.fixture
def client(server: BskyServer) -> Iterator[Client]:
    client = Client(server.url)
    yield client
    client.request.close()


def feed(client: Client, **params: Any) -> Any:
    return client.app.bsky.feed.get_author_feed({"actor": NOBODY, **params})


def test_pages_follow_each_other_by_their_cursors(client: Client) -> None:
    uris, sizes, cursor = [], [], None
    while cursor or not sizes:
        page = feed(client, limit=100, cursor=cursor)
        sizes.append(len(page.feed))
        uris += [item.post.uri for item in page.feed]
        cursor = page.cursor
    assert sizes == [100, 100, 51, 0]
    assert len(set(uris)) == 251


def test_a_page_has_fifty_posts_unless_asked_otherwise(client: Client) -> None:
    assert len(feed(client).feed) == 50
    assert len(feed(client, limit=3).feed) == 3


def test_what_it_gives_is_what_the_lexicon_says(client: Client) -> None:
    profile = client.app.bsky.actor.get_profile({"actor": NOBODY.upper()})
    assert (profile.did, profile.handle, profile.posts_count) == ("did:plc:nobody", NOBODY, 251)
    repost, post = feed(client, limit=2).feed
    assert repost.reason.by.handle == NOBODY
    assert post.post.record.text == "hello"


@pytest.mark.parametrize("params", [{"limit": 101}, {"limit": 0}, {"filter": "all"}], ids=str)
def test_values_beyond_the_lexicon_are_refused(
    server: BskyServer, client: Client, params: dict[str, Any]
) -> None:
    query = {"actor": NOBODY, **params}
    answer = requests.get(server.url + FEED, query, timeout=9)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    if "filter" in params:
        with pytest.raises(refusals.BadRequestError):
            feed(client, **params)


@pytest.mark.parametrize("path", [PROFILE, FEED])
@pytest.mark.parametrize("query", ["actor=nobody.bsky.social&page=2", "", "actor=nobody", "actor="])
def test_unknown_and_missing_parameters_are_refused(
    server: BskyServer, path: str, query: str
) -> None:
    assert requests.get(f"{server.url}{path}?{query}", timeout=9).status_code == 400


def test_a_wrong_method_is_refused(server: BskyServer, client: Client) -> None:
    answer = requests.post(server.url + FEED, json={"actor": NOBODY}, timeout=9)
    assert answer.status_code == 405
    with pytest.raises(refusals.RequestException, match="MethodNotImplemented"):
        client.app.bsky.feed.get_timeline({})


def test_accounts_that_cannot_be_had_are_refused(client: Client) -> None:
    with pytest.raises(refusals.BadRequestError, match="Profile not found"):
        client.app.bsky.actor.get_profile({"actor": "none.bsky.social"})
    with pytest.raises(refusals.BadRequestError, match="AccountTakedown"):
        client.app.bsky.actor.get_profile({"actor": "gone.bsky.social"})


def test_more_requests_than_are_allowed_are_refused(server: BskyServer, client: Client) -> None:
    server.requests_left = 1
    feed(client)
    with pytest.raises(refusals.RateLimitExceededError) as caught:
        feed(client)
    assert caught.value.remaining == 0
    assert caught.value.reset_at
    assert caught.value.reset_at > datetime.now(UTC)
