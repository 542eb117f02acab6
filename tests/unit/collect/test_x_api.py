import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import PNG
from support.web_api import Fault, sending
from support.x_api import TOKEN, XAccount, XServer, refusing, x_api, x_post

from components.collect.config import XSource
from components.collect.stage import run
from components.collect.x_api.posts import read_api_post
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport

TERMS = "agreement 7 of May 2026"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[XServer]:
    monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with x_api(
        XAccount("NoBody", [x_post(number, f"post {number}") for number in range(250)])
    ) as it:
        yield it


def collect(server: XServer, out: Path, **config: Any) -> CollectReport:
    given = {"handle": "nobody", "accept_cost": True, "accept_x_terms": TERMS, **config}
    given = {"consent": "written-consent", "x_api_url": server.url, **given}
    return run(XSource(**given), dataset_out=out)


def posts_of(out: Path) -> list[Post]:
    return list(read_rows(out / "posts.jsonl", Post))


def refused(server: XServer, out: Path, **config: Any) -> str:
    with pytest.raises(BadInputError, match="(?i)nobody") as caught:
        collect(server, out, **config)
    assert not (out / "collect.json").exists()
    said = str(caught.value)
    assert said.count("\n") < 5
    assert TOKEN not in said
    return said


def test_a_timeline_becomes_a_raw_dataset(server: XServer, tmp_path: Path) -> None:
    report = collect(server, tmp_path / "out")
    posts = posts_of(tmp_path / "out")
    assert [post.text for post in posts] == [f"post {number}" for number in range(250)]
    assert report.counts.downloaded == 250
    assert (report.author, report.account_id, report.display_name) == ("NoBody", "42", "No Body")
    assert (report.source, report.terms, report.consent) == (
        "x-api:nobody",
        TERMS,
        "written-consent",
    )
    assert (report.oldest, report.newest) == (posts[0].created_at, posts[-1].created_at)
    assert (tmp_path / "out" / (report.picture or "")).read_bytes() == PNG
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(server.seen) == 1 + 3 + 2  # the account, its pages, the picture in two sizes


RICH = [
    x_post(0, "RT @ann: three", referenced_tweets=[{"type": "retweeted", "id": "5"}]),
    x_post(
        1,
        "@ann yes &amp; no",
        in_reply_to_user_id="9",
        referenced_tweets=[{"type": "replied_to", "id": "5"}],
        entities={"mentions": [{"username": "ann", "id": "9", "start": 0, "end": 4}]},
    ),
    x_post(2, "look https://t.co/b", referenced_tweets=[{"type": "quoted", "id": "5"}]),
    x_post(
        3,
        "A long post that is cut",
        note_tweet={
            "text": "A long post that is cut no more https://t.co/a",
            "entities": {"urls": [{"url": "https://t.co/a", "start": 32, "end": 46}]},
        },
    ),
    x_post(5, "the end", edit_history_tweet_ids=[str(10**18 + 4), str(10**18 + 5)]),
    x_post(4, "teh end", edit_history_tweet_ids=[str(10**18 + 4), str(10**18 + 5)]),
    x_post(6, "on it goes", in_reply_to_user_id="42", source="Web"),
]


@pytest.mark.parametrize("spelling", ["tweet", "post"])
def test_both_spellings_say_the_same(server: XServer, tmp_path: Path, spelling: str) -> None:
    server.spelling = spelling
    server.accounts[0].posts = RICH
    report = collect(server, tmp_path / "out")
    posts = posts_of(tmp_path / "out")
    assert [post.kind for post in posts] == [
        *("repost", "reply", "quote", "original", "original", "reply")
    ]
    assert [post.reply_to for post in posts] == [None, "ann", None, None, None, "NoBody"]
    assert posts[1].text == "@ann yes &amp; no"
    assert posts[1].mentions == ("ann",)
    assert posts[3].text == "A long post that is cut no more https://t.co/a"
    assert posts[3].urls == ("https://t.co/a",)
    assert posts[4].text == "the end"
    assert posts[5].source == "Web"
    assert report.notes["earlier_versions"] == 1
    assert (report.counts.reposts, report.counts.replies, report.counts.quotes) == (1, 2, 1)
    assert len(server.pages) == (1 if spelling == "tweet" else 3)


def test_the_cap_is_named_where_it_cuts(server: XServer, tmp_path: Path) -> None:
    server.accounts[0].posts = [x_post(number) for number in range(3300)]
    report = collect(server, tmp_path / "out")
    assert report.counts.downloaded == 3200
    assert any("newest 3,200 of the 3,300" in warning for warning in report.warnings)
    assert len(server.pages) == 32


def test_no_page_is_asked_for_beyond_the_cap(server: XServer, tmp_path: Path) -> None:
    body = {"data": [x_post(n) for n in range(100)], "meta": {}}
    server.faults = [None] + [
        sending(json.dumps(body | {"meta": {"next_token": f"t{number}"}}).encode())
        for number in range(40)
    ]
    collect(server, tmp_path / "out")
    assert len(server.pages) == 32


def test_ids_bound_what_is_asked_for(server: XServer, tmp_path: Path) -> None:
    bounds = {"since_id": str(10**18 + 99), "until_id": str(10**18 + 110)}
    assert collect(server, tmp_path / "out", **bounds).counts.downloaded == 10


def test_partial_errors_are_counted_and_cost_no_post(server: XServer, tmp_path: Path) -> None:
    server.accounts[0].problems = [{"title": "Not Found Error", "detail": "a quoted post"}]
    report = collect(server, tmp_path / "out")
    assert report.counts.downloaded == 250
    assert report.notes["partial_errors"] == 3


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("said", "agreed"), [("y\n", True), ("n\n", False), ("", False)])
def test_on_a_terminal_the_person_is_asked(
    server: XServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, agreed: bool
) -> None:
    shown = Terminal()
    monkeypatch.setattr("sys.stdin", Terminal(said))
    monkeypatch.setattr("sys.stderr", shown)
    if agreed:
        assert collect(server, tmp_path / "out", accept_cost=False).counts.downloaded == 250
    else:
        assert "declined" in refused(server, tmp_path / "out", accept_cost=False)
        assert server.seen == []
    assert "Go on? [y/N]" in shown.getvalue()


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("42"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "text", "type", "entities", "username"]), inner)
    ),
    max_leaves=6,
)
KEYS = (
    *("id", "text", "created_at", "entities", "note_tweet", "note_post", "referenced_tweets"),
    *("referenced_posts", "edit_history_tweet_ids", "edit_history_post_ids", "lang", "source"),
    "in_reply_to_user_id",
)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from(KEYS), ODD))
def test_any_object_is_a_post_or_a_reason(odd: dict[str, Any]) -> None:
    for stated in (odd, x_post(1) | odd):
        version = read_api_post(stated, "ann", "42")
        if not isinstance(version, str):
            assert version.post.model_validate_json(version.post.model_dump_json()) == version.post


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (refusing(401), "does not accept the token"),
        (refusing(401, f"{TOKEN} is bad"), r"\*\*\* is bad"),
        (refusing(402), "no credits"),
        (refusing(403, "enroll the app"), "does not allow.*enroll the app"),
        (refusing(403, "User has been suspended"), "suspended"),
        (refusing(404), "no such address"),
        (refusing(410), "refuses.*410"),
        (
            sending(b'{"errors": [{"title": "Oops", "detail": "a\\n\\u001bb"}]}'),
            "nothing but errors",
        ),
        (sending(b"{}"), "nothing but errors"),
        (sending(b"[]", 401), "does not accept"),
    ],
    ids=range(10),
)
def test_what_will_not_pass_is_said_at_once(
    server: XServer, tmp_path: Path, naps: list[float], fault: Fault, said: str
) -> None:
    server.faults = [fault]
    with pytest.raises(BadInputError, match=said) as caught:
        collect(server, tmp_path / "out")
    assert str(caught.value).isprintable()
    assert naps == []
    assert len(server.seen) == 1


def test_accounts_that_cannot_be_had_are_named(server: XServer, tmp_path: Path) -> None:
    assert "renamed or deleted" in refused(server, tmp_path / "out", handle="nobody2")
    account = server.accounts[0]
    account.protected = True
    assert "huggingtweets login" in refused(server, tmp_path / "out")
    assert len(server.pages) == 0
    account.protected, account.suspended = False, True
    assert "suspended this account" in refused(server, tmp_path / "out")
    body = {"data": {"id": "42", "username": "somebody", "name": "x"}}
    server.faults = [sending(json.dumps(body).encode())]
    assert "renamed to @somebody" in refused(server, tmp_path / "out")


def test_an_account_that_went_away_in_between_is_named(server: XServer, tmp_path: Path) -> None:
    detail = "Sorry, you are not authorized to see the user with id: [42]."
    server.faults = [None, sending(json.dumps({"errors": [{"detail": detail}]}).encode())]
    assert "protected" in refused(server, tmp_path / "out")


@pytest.mark.parametrize("data", ["null", "[]", "{}"])
def test_errors_beside_no_posts_are_said(server: XServer, tmp_path: Path, data: str) -> None:
    page = f'{{"data": {data}, "errors": [{{"title": "Oops"}}]}}'
    server.faults = [None, sending(page.encode())]
    assert "nothing but errors; it says: Oops" in refused(server, tmp_path / "out")


@pytest.mark.parametrize("page", ["{}", '{"message": "busy"}', '{"data": "x"}', '{"meta": {}}'])
def test_an_answer_that_is_no_page_never_ends_a_timeline(
    server: XServer, tmp_path: Path, page: str
) -> None:
    server.faults = [None, None, sending(page.encode())]
    assert "not a page of posts; go on later with --resume" in refused(server, tmp_path / "out")
    asked = len(server.pages)
    assert collect(server, tmp_path / "out", resume=True).counts.downloaded == 250
    assert len(server.pages) == asked + 2


def test_an_account_without_posts_is_refused(server: XServer, tmp_path: Path) -> None:
    server.accounts[0].posts = []
    assert "no posts" in refused(server, tmp_path / "out")


def test_terms_and_cost_must_be_accepted_first(
    server: XServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "forbid training" in refused(server, tmp_path / "out", accept_x_terms=" ")
    assert "$16.01" in refused(server, tmp_path / "out", accept_cost=False)
    assert server.seen == []


def test_a_token_is_needed(
    server: XServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X_BEARER_TOKEN", "two words")
    with pytest.raises(BadInputError, match="X_BEARER_TOKEN holds no") as caught:
        collect(server, tmp_path / "out")
    assert "two words" not in str(caught.value)
    monkeypatch.delenv("X_BEARER_TOKEN")
    monkeypatch.setenv("X_BEARER_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(BadInputError, match="X_BEARER_TOKEN_FILE: cannot read"):
        collect(server, tmp_path / "out")
    (tmp_path / "none").write_text(f"{TOKEN}\n")
    assert collect(server, tmp_path / "out").counts.downloaded == 250
    monkeypatch.delenv("X_BEARER_TOKEN_FILE")
    with pytest.raises(BadInputError, match="huggingtweets login"):
        collect(server, tmp_path / "out")


def test_an_odd_picture_is_a_warning(server: XServer, tmp_path: Path) -> None:
    server.accounts[0].picture = "/pictures/none.png"
    report = collect(server, tmp_path / "out")
    assert report.picture is None
    assert "picture could not be fetched" in report.warnings[0]
    assert server.authorizations[-1] is None


def test_what_was_kept_for_another_request_is_not_used(
    server: XServer, tmp_path: Path, naps: list[float]
) -> None:
    server.faults = [None, None, *[refusing(503)] * 6]
    refused(server, tmp_path / "out")
    report = collect(server, tmp_path / "out", resume=True, since_id=str(10**18 + 239))
    assert report.counts.downloaded == 10


def test_no_token_is_left_or_logged(
    server: XServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, naps: list[float]
) -> None:
    caplog.set_level("DEBUG")
    server.faults = [refusing(503), None, *[refusing(500)] * 6]
    refused(server, tmp_path / "out")
    collect(server, tmp_path / "out", resume=True)
    assert TOKEN not in caplog.text
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()
