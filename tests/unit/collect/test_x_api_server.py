"""The server that the tests of the X API ask keeps X's rules: tweepy's own client sees each one."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import tweepy
from support.web_api import cutting
from support.x_api import TOKEN, XAccount, XServer, refusing, x_api, x_post

from components.collect.x_api.adapter import TWEEPY_HOST


class Redirected(requests.adapters.HTTPAdapter):
    """Nothing but another address."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: Any, *args: Any, **options: Any) -> requests.Response:
        request.url = request.url.replace(TWEEPY_HOST, self._url)
        return super().send(request, *args, **options)


@pytest.fixture
def server() -> Iterator[XServer]:
    posts = [x_post(number) for number in range(250)]
    with x_api(XAccount("nobody", posts), XAccount("gone", account_id="7", suspended=True)) as it:
        yield it


def client_of(server: XServer, token: str | None = TOKEN) -> tweepy.Client:
    client = tweepy.Client(token, return_type=dict)
    client.session.mount(TWEEPY_HOST, Redirected(server.url))
    return client


def test_pages_follow_each_other_by_their_tokens(server: XServer) -> None:
    pages = list(tweepy.Paginator(client_of(server).get_users_tweets, 42, max_results=100))
    assert [page["meta"]["result_count"] for page in pages] == [100, 100, 50]
    ids = [post["id"] for page in pages for post in page["data"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 250
    assert pages[0]["meta"]["newest_id"] == ids[0]
    assert "next_token" not in pages[2]["meta"]
    assert "previous_token" in pages[2]["meta"]


def test_an_account_has_the_fields_that_are_asked_for(server: XServer) -> None:
    client = client_of(server)
    assert client.get_user(username="NoBody")["data"] == {
        "id": "42",
        "name": "No Body",
        "username": "nobody",
    }
    more = client.get_user(username="nobody", user_fields=["protected", "public_metrics"])["data"]
    assert more["protected"] is False
    assert more["public_metrics"] == {"tweet_count": 250}


def test_posts_have_the_fields_that_are_asked_for(server: XServer) -> None:
    client = client_of(server)
    bare = client.get_users_tweets(42, max_results=5)["data"][0]
    assert set(bare) == {"id", "text", "edit_history_tweet_ids"}
    more = client.get_users_tweets(42, max_results=5, tweet_fields=["created_at", "lang"])
    assert {"created_at", "lang"} < set(more["data"][0])


@pytest.mark.parametrize("token", [None, "wrong", TOKEN + "x"])
def test_a_missing_or_wrong_token_is_refused(server: XServer, token: str | None) -> None:
    with pytest.raises(tweepy.Unauthorized):
        client_of(server, token).get_user(username="nobody")
    assert requests.get(f"{server.url}/2/users/by/username/nobody", timeout=9).status_code == 401


@pytest.mark.parametrize(
    "params",
    [
        {"max_results": 101},
        {"max_results": 4},
        {"since_id": "x"},
        {"pagination_token": "none"},
        {"tweet_fields": "created_at,favourites"},
        {"tweet_fields": "note_post"},
        {"expansions": "referenced_posts"},
        {"exclude": "everything"},
    ],
    ids=str,
)
def test_what_is_not_documented_is_refused(server: XServer, params: dict[str, Any]) -> None:
    with pytest.raises(tweepy.BadRequest):
        client_of(server).get_users_tweets(42, **params)


@pytest.mark.parametrize("name", ["post.fields", "count", "cursor", "tweet_fields"])
def test_unknown_parameters_are_refused(server: XServer, name: str) -> None:
    for route in ("/2/users/42/tweets", "/2/users/by/username/nobody"):
        with pytest.raises(tweepy.BadRequest):
            client_of(server).request("GET", route, params={name: "created_at"})


def test_the_other_spelling_takes_its_own_words_alone(server: XServer) -> None:
    server.spelling = "post"
    client = client_of(server)
    with pytest.raises(tweepy.BadRequest):
        client.get_users_tweets(42, tweet_fields=["created_at"])
    with pytest.raises(tweepy.BadRequest):
        client.request("GET", "/2/users/42/tweets", params={"post.fields": "referenced_posts"})
    answer = client.request("GET", "/2/users/42/tweets", params={"post.fields": "created_at"})
    assert set(answer.json()["data"][0]) == {"id", "text", "edit_history_post_ids", "created_at"}


def test_ids_bound_what_is_given(server: XServer) -> None:
    client = client_of(server)
    page = client.get_users_tweets(42, since_id=10**18 + 9, until_id=10**18 + 12)
    assert [int(post["id"]) - 10**18 for post in page["data"]] == [11, 10]
    assert client.get_users_tweets(42, since_id=10**18 + 249) == {"meta": {"result_count": 0}}


def test_the_newest_3200_are_all_there_is(server: XServer) -> None:
    server.accounts[0].posts = [x_post(number) for number in range(3300)]
    pages = tweepy.Paginator(client_of(server).get_users_tweets, 42, max_results=100)
    ids = [int(post["id"]) - 10**18 for post in pages.flatten()]
    assert (len(ids), min(ids), max(ids)) == (3200, 100, 3299)


def test_more_requests_than_are_allowed_are_refused(server: XServer) -> None:
    server.requests_left = 1
    client = client_of(server)
    client.get_user(username="nobody")
    with pytest.raises(tweepy.TooManyRequests) as caught:
        client.get_user(username="nobody")
    headers = caught.value.response.headers
    assert headers["x-rate-limit-remaining"] == "0"
    assert int(headers["x-rate-limit-reset"]) > 1_700_000_000
    assert caught.value.reset_time == int(headers["x-rate-limit-reset"])


def test_partial_errors_come_along(server: XServer) -> None:
    server.accounts[0].problems = [{"title": "Not Found Error", "detail": "a quoted post"}]
    page = client_of(server).get_users_tweets(42)
    assert len(page["data"]) == 10
    assert page["errors"] == server.accounts[0].problems


def test_accounts_that_cannot_be_had_are_errors_with_status_200(server: XServer) -> None:
    client = client_of(server)
    assert "suspended" in client.get_user(username="gone")["errors"][0]["detail"]
    assert "Could not find" in client.get_user(username="none")["errors"][0]["detail"]
    server.accounts[0].protected = True
    assert "not authorized" in client.get_users_tweets(42)["errors"][0]["detail"]


def test_faults_happen_once_each_and_in_order(server: XServer) -> None:
    server.faults = [refusing(503), cutting]
    client = client_of(server)
    with pytest.raises(tweepy.TwitterServerError):
        client.get_user(username="nobody")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get_user(username="nobody")
    assert client.get_user(username="nobody")["data"]["id"] == "42"
