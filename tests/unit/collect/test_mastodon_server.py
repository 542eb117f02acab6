"""The server that the tests of Mastodon ask keeps the rules: Mastodon.py itself sees each one."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from mastodon import (
    Mastodon,
    MastodonAPIError,
    MastodonNotFoundError,
    MastodonRatelimitError,
)
from support.mastodon import LOOKUP, STATUSES, MastodonAccount, MastodonServer, mastodon, status


@pytest.fixture
def server() -> Iterator[MastodonServer]:
    statuses = [status(number) for number in range(95)]
    gone = MastodonAccount(username="gone", account_id="7", gone=True)
    with mastodon(MastodonAccount(statuses), gone) as it:
        yield it


@pytest.fixture
def client(server: MastodonServer) -> Iterator[Mastodon]:
    session = requests.Session()
    yield Mastodon(api_base_url=server.url, ratelimit_method="throw", session=session)
    session.close()


def test_pages_follow_each_other(client: Mastodon) -> None:
    page, sizes, ids = client.account_statuses(42, limit=40), [], []
    while page:
        sizes.append(len(page))
        ids += [int(one.id) for one in page]
        page = client.fetch_next(page)
    assert sizes == [40, 40, 15]
    assert ids == sorted(set(ids), reverse=True)
    assert client.account_statuses(42, max_id=ids[-1]) == []


def test_a_page_has_twenty_statuses_unless_asked_otherwise(client: Mastodon) -> None:
    assert len(client.account_statuses(42)) == 20
    assert len(client.account_statuses(42, limit=3)) == 3


@pytest.mark.parametrize("acct", ["nobody", "NoBody@social.example"])
def test_an_account_is_found_by_its_address(client: Mastodon, acct: str) -> None:
    account = client.account_lookup(acct)
    assert (account.id, account.acct, account.statuses_count) == ("42", "nobody", 95)
    assert account.uri == "https://social.example/users/nobody"


@pytest.mark.parametrize(
    "params", [{"limit": 41}, {"limit": 0}, {"max_id": "x"}, {"tagged": "a b"}], ids=str
)
def test_values_beyond_the_documented_are_refused(client: Mastodon, params: dict[str, Any]) -> None:
    with pytest.raises(MastodonAPIError, match="422"):
        client.account_statuses(42, **params)


@pytest.mark.parametrize("path", [LOOKUP, STATUSES])
@pytest.mark.parametrize("query", ["page=2", "acct=nobody&acct=ann", "limit=5&limit=6"])
def test_unknown_and_doubled_parameters_are_refused(
    server: MastodonServer, path: str, query: str
) -> None:
    assert requests.get(f"{server.url}{path}?{query}", timeout=9).status_code == 422


@pytest.mark.parametrize("path", [LOOKUP, STATUSES])
def test_a_wrong_method_is_refused(server: MastodonServer, path: str) -> None:
    assert requests.post(server.url + path, json={}, timeout=9).status_code == 404


def test_other_routes_are_refused(client: Mastodon) -> None:
    with pytest.raises(MastodonNotFoundError):
        client.timeline_public()


@pytest.mark.parametrize("acct", ["ann", "nobody@else.example"])
def test_unknown_accounts_are_refused(client: Mastodon, acct: str) -> None:
    with pytest.raises(MastodonNotFoundError, match="Record not found"):
        client.account_lookup(acct)
    with pytest.raises(MastodonNotFoundError):
        client.account_statuses(5)


def test_an_account_that_is_gone_is_refused(client: Mastodon) -> None:
    with pytest.raises(MastodonAPIError, match="410"):
        client.account_lookup("gone")


def test_more_requests_than_are_allowed_are_refused(
    server: MastodonServer, client: Mastodon
) -> None:
    server.requests_left = 1
    client.account_statuses(42)
    with pytest.raises(MastodonRatelimitError):
        client.account_statuses(42)
    assert client.ratelimit_remaining == 0
    assert client.ratelimit_reset > time.time()
