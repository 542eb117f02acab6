"""Posts that bridges brought to Bluesky."""

import html
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bluesky import bsky_post

from components.collect.bluesky.bridged import read_whole_text
from components.collect.bluesky.posts import read_post
from components.collect.bluesky.richtext import read_rich_text
from components.collect.web.account import Account
from components.contracts.posts import Post
from components.prepare.cleaning import clean_default
from components.prepare.posts import Drop

LONG = ("The ferry was late, so we counted gulls until somebody lost the count. " * 6).strip()
CUT = LONG[:270].rstrip() + " […]"
ORIGIN = {"bridgyOriginalUrl": "https://social.example/@nobody/1"}
POINTER = {
    "$type": "app.bsky.embed.external",
    "external": {"uri": "https://social.example/1", "title": "Original post on social.example"},
}


def read(text: str, handle: str = "nobody.bsky.social", **record: Any) -> Post:
    account = Account("did:plc:nobody", handle, None, None, None)
    post = read_post(bsky_post(0, text, **record), account)
    assert isinstance(post, Post)
    return post


def cleaned(post: Post) -> str | Drop:
    done = clean_default(post, replies_are_marked=True, keep_newlines=False)
    return done if isinstance(done, Drop) else done.text


def test_a_bridged_post_is_whole() -> None:
    post = read(CUT, bridgyOriginalText=f"<p>{LONG}</p><p>Fish &amp; &lt;chips&gt;</p>", **ORIGIN)
    assert html.unescape(post.text) == f"{LONG}\n\nFish & <chips>"
    assert cleaned(post) == f"{LONG} Fish & <chips>"


def test_links_and_mentions_of_a_bridged_post_are_read_as_mastodons() -> None:
    link = "https://www.example.com/a/long/path"
    post = read(
        "Hello @ann see example.com/a […]",
        bridgyOriginalText=f'<p>Hello <span class="h-card"><a href="https://a.example/@ann">@<span>'
        f'ann</span></a></span> see <a href="{link}"><span class="invisible">https://www.</span>'
        '<span class="ellipsis">example.com/a/lo</span><span class="invisible">ng/path</span></a>'
        " and more words</p>",
    )
    assert post.text == f"Hello @ann see {link} and more words"
    assert post.urls == (link,)


@pytest.mark.parametrize("plain", ["one\n\ntwo < three > two & four", "a line\nanother line"])
def test_a_whole_text_that_is_plain_stays_as_it_is(plain: str) -> None:
    assert html.unescape(read("cut […]", fullText=plain).text) == plain


def test_the_longer_of_two_whole_texts_is_taken() -> None:
    assert read("x", fullText="<p>one two</p>", bridgyOriginalText="one").text == "one two"


@pytest.mark.parametrize("whole", ["", " ", None, {}, ["x"]])
def test_no_whole_text_leaves_the_shown_one(whole: Any) -> None:
    assert read("hello there", bridgyOriginalText=whole).text == "hello there"


@pytest.mark.parametrize(
    "ending",
    [
        " […]",
        "…",
        " (…)",
        " [...]",
        " […]\n\n[Original post on social.example]",
        "… https://social.example/@nobody/1",
        " […] https://social.example/@nobody/1 ",
    ],
)
@pytest.mark.parametrize(
    ("handle", "record"),
    [
        ("nobody.social.example.ap.brid.gy", {}),
        ("nobody.example", ORIGIN),
        ("nobody.example", {"fediverseId": "https://wafrn.example/fediverse/post/1"}),
        ("nobody.example", {"embed": POINTER}),
    ],
)
def test_a_bridged_post_that_lost_its_end_counts_as_cut_off(
    ending: str, handle: str, record: dict[str, Any]
) -> None:
    post = read(f"The ferry was late so we counted{ending}", handle, **record)
    assert post.text == "The ferry was late so we counted…"
    assert cleaned(post) is Drop.TRUNCATED


@pytest.mark.parametrize("text", ["We counted gulls and […]", "all of [them] …, yes", "Wait..."])
def test_a_post_of_bluesky_itself_stays_as_it_was_written(text: str) -> None:
    assert read(text).text == text
    assert read("Not cut off at all.", **ORIGIN).text == "Not cut off at all."


@given(st.text(max_size=60), st.booleans())
def test_any_text_is_read(text: str, bridged: bool) -> None:
    record = {"text": text}
    read_whole = read_whole_text(record, bridged=bridged)
    if not bridged:
        assert read_whole == read_rich_text(record)
    assert isinstance(read_whole_text({"text": "x", "bridgyOriginalText": text}).text, str)
