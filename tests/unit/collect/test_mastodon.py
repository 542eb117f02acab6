"""One account's posts from its Mastodon server, through Mastodon.py and a server of that shape."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import PNG
from support.collecting import author_of
from support.mastodon import (
    ANN,
    START,
    MastodonAccount,
    MastodonServer,
    mastodon,
    replying,
    status,
)
from support.web_api import Fault, sending

from components.collect.config import MastodonSource
from components.collect.mastodon.posts import read_status
from components.collect.stage import run
from components.collect.web.account import Account
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport

ADDRESS = "nobody@social.example"
AUTHOR = "nobody.social.example"
ACCOUNT = Account("https://social.example/users/nobody", AUTHOR, None, None, None)


@pytest.fixture
def server() -> Iterator[MastodonServer]:
    with mastodon(MastodonAccount([status(n, f"<p>post {n}</p>") for n in range(95)])) as it:
        yield it


def collect(
    server: MastodonServer, out: Path, since: Path | None = None, **more: Any
) -> CollectReport:
    given = {"mastodon": ADDRESS, "consent": "written-consent", "mastodon_url": server.url, **more}
    return run(MastodonSource(**given), dataset_out=out, since=since)


def posts_of(out: Path) -> list[Post]:
    return list(read_rows(out / "posts.jsonl", Post))


def refused(server: MastodonServer, out: Path, **more: Any) -> str:
    with pytest.raises(BadInputError, match="nobody") as caught:
        collect(server, out, **more)
    assert not (out / "collect.json").exists()
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_statuses_become_a_raw_dataset(server: MastodonServer, tmp_path: Path) -> None:
    report = collect(server, tmp_path / "out", mastodon="@nobody@Social.Example")
    posts = posts_of(tmp_path / "out")
    assert [post.text for post in posts] == [f"post {number}" for number in range(95)]
    assert (posts[3].id, posts[3].created_at) == (f"{112 * 10**15 + 3}", START.replace(minute=3))
    assert (posts[3].author, posts[3].lang, posts[3].source) == (AUTHOR, "en", "Web")
    assert (report.counts.downloaded, report.author) == (95, AUTHOR)
    assert (report.account_id, report.display_name) == (ACCOUNT.account_id, "No Body")
    assert (report.source, report.terms) == (f"mastodon:{ADDRESS}", None)
    assert report.notes["terms"] == f"{server.url}/about"
    assert (tmp_path / "out" / (report.picture or "")).read_bytes() == PNG
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [page.count("limit=40") for page in server.pages] == [1, 1, 1, 1]


def test_the_server_is_where_the_address_says() -> None:
    config = MastodonSource(mastodon="@Nobody@Social.Example", consent="fictional")
    assert (config.mastodon, config.place) == ("Nobody@social.example", "@Nobody@social.example")
    assert author_of(config) == "Nobody.social.example"


def test_who_is_mentioned_is_named(server: MastodonServer, tmp_path: Path) -> None:
    server.accounts[0].statuses = [replying(1, ANN["id"], mentions=[ANN])]
    collect(server, tmp_path / "out")
    (post,) = posts_of(tmp_path / "out")
    assert post.mentions == (ANN["acct"],)


def test_only_public_posts_are_taken(server: MastodonServer, tmp_path: Path) -> None:
    hidden = ["unlisted", "private", "direct", "unheard-of", None]
    server.accounts[0].statuses = [
        *(status(number, visibility=kind) for number, kind in enumerate(hidden)),
        status(7, "<p>seen</p>"),
    ]
    report = collect(server, tmp_path / "out")
    assert [post.text for post in posts_of(tmp_path / "out")] == ["seen"]
    assert report.notes["not_public"] == 5
    server.accounts[0].statuses.pop()
    assert "holds no posts" in refused(server, tmp_path / "none")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=9,
)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from(list(status(0))), JSON))
def test_any_status_is_a_post_or_a_reason(odd: dict[str, Any]) -> None:
    for stated in (status(1) | odd, odd, replying(1, "7") | odd):
        post = read_status(stated, ACCOUNT)
        if not isinstance(post, str):
            assert post.model_validate_json(post.model_dump_json()) == post


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"noindex": True}, "it asks not to be indexed"),
        ({"discoverable": False}, "it asks not to be shown"),
        ({"note": '<p>Soup. <a href="https://x.example">#<span>NoAI</span></a></p>'}, "#NoAI"),
        ({"fields": [{"name": "Rules", "value": "#nobots"}]}, "says #nobots"),
    ],
    ids=str,
)
def test_an_account_that_asks_for_it_is_left_alone(
    server: MastodonServer, tmp_path: Path, facts: dict[str, Any], said: str
) -> None:
    server.accounts[0].facts = facts
    for consent in ("public-figure", "fictional"):
        assert said in refused(server, tmp_path / "out", consent=consent)
    assert server.pages == []
    for consent in ("own-archive", "written-consent"):
        assert collect(server, tmp_path / consent, consent=consent).counts.downloaded == 95


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"suspended": True}, "suspended this account"),
        ({"moved": {"acct": "n@new.example"}}, "moved to @n@new.example; give --mastodon n@new"),
        ({"moved": {"acct": "somebody"}}, "moved to @somebody@social.example"),
        ({"acct": "nobody@social.example"}, "has but a part of its posts"),
        ({"username": "somebody"}, "not an account of this name"),
        ({"id": "../1"}, "not an account of this name"),
        ({"id": None}, "not an account of this name"),
    ],
    ids=str,
)
def test_accounts_that_cannot_be_had_are_named(
    server: MastodonServer, tmp_path: Path, facts: dict[str, Any], said: str
) -> None:
    server.accounts[0].facts = facts
    assert said in refused(server, tmp_path / "out")
    assert server.pages == []


def test_accounts_that_are_not_there_are_named(
    server: MastodonServer, tmp_path: Path, naps: list[float]
) -> None:
    said = refused(server, tmp_path / "out", mastodon="nobody2@social.example")
    assert "no account of this name: it was deleted, or the name is misspelled (404)" in said
    server.accounts[0].gone = True
    assert "suspended or deleted this account" in refused(server, tmp_path / "out")
    assert naps == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (sending(b'{"error": "This method requires an authenticated user"}', 401), "not public"),
        (sending(b'{"error": "no"}', 403), "not public (403); it says: no"),
        (sending(b"<html>", 404), "--mastodon-url (404)"),
        (sending(b'{"error": "a\\n\\u001bb"}', 422), "refuses (422); it says: a ?b"),
        (sending(b'{"error": 5}', 400), "refuses (400)"),
    ],
    ids=range(5),
)
def test_what_will_not_pass_is_said_at_once(
    server: MastodonServer, tmp_path: Path, naps: list[float], fault: Fault, said: str
) -> None:
    server.faults = [fault]
    assert said in refused(server, tmp_path / "out")
    assert (naps, len(server.seen)) == ([], 1)
