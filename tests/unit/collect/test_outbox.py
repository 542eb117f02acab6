"""The outbox.json of an account's archive."""

import html
import io
import json
import tracemalloc
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.collecting import rows_of
from support.exports import ANN, FOLLOWERS, PUBLIC, activity, boost, outbox

from components.collect.exports import wrapped_json
from components.collect.exports.outbox import actor_name, is_outbox, name_seen_from, read_outbox
from components.collect.exports.wrapped_json import WrappedText
from components.collect.tables.reader import choose_reader
from components.contracts.errors import BadInputError

BOB = "https://other.example/users/bob"


def read(text: str) -> tuple[list[dict[str, str]], Counter[str]]:
    table = read_outbox(lambda: io.StringIO(text), "outbox.json")
    rows, left_out = rows_of(table)
    assert all(set(row) == set(table.columns) for row in rows)
    return rows, left_out


def one(**note: Any) -> dict[str, str]:
    ((row,), _) = read(outbox([activity(1, "<p>hello</p>", **note)]))
    return row


def test_a_post_is_a_row_that_the_usual_columns_know() -> None:
    row = one(content="<p>Fish &amp; &lt;chips&gt;<br>and more</p>", contentMap={"de": "x"})
    assert html.unescape(row["text"]) == "Fish & <chips>\nand more"
    assert row["text"].startswith("Fish &amp; &lt;chips&gt;")
    assert (row["id"], row["created_at"]) == ("112000000000000001", "2024-01-01T00:01:00Z")
    assert (row["username"], row["user_id"]) == ("ann.social.example", ANN)
    assert (row["is_retweet"], row["is_quote"], row["in_reply_to_screen_name"]) == ("", "", "")
    columns = read_outbox(io.StringIO(""), "f").columns
    name, reader = choose_reader(columns, None, (), "f")
    assert name == "plain"
    fields = ("id", "text", "created_at", "author", "account_id", "lang", "reply_to")
    assert all(reader.has(field) for field in fields)
    assert reader.first(row, "account_id") == ANN


@pytest.mark.parametrize(
    "audience",
    [
        {"to": [FOLLOWERS], "cc": [PUBLIC]},
        {"to": [FOLLOWERS], "cc": []},
        {"to": [BOB], "cc": []},
        {"to": BOB},
        {"to": []},
        {"to": None, "cc": None},
        {"to": [{"id": BOB}]},
    ],
    ids=str,
)
def test_what_is_not_for_everybody_is_never_read(audience: dict[str, Any]) -> None:
    rows, left_out = read(
        outbox([activity(1, "<p>SECRET</p>", **audience), activity(2, "<p>hello</p>")])
    )
    assert [row["text"] for row in rows] == ["hello"]
    assert left_out == {"not_public": 1}


@pytest.mark.parametrize("to", [PUBLIC, [PUBLIC], "as:Public", [BOB, "Public"], [{"id": PUBLIC}]])
def test_the_public_is_known_by_all_its_names(to: Any) -> None:
    assert one(to=to)["text"] == "hello"


def test_an_activity_and_its_post_must_both_be_public() -> None:
    private_post, private_activity = activity(1, "SECRET"), activity(2, "SECRET")
    private_post["object"]["to"] = [FOLLOWERS]
    private_activity["to"] = [FOLLOWERS]
    _, left_out = read(outbox([private_post, private_activity, activity(3, "hello")]))
    assert left_out == {"not_public": 2}


def test_an_outbox_without_public_posts_says_so() -> None:
    text = outbox([activity(1, "x", to=[FOLLOWERS]), boost(2, f"{BOB}/statuses/5", to=[FOLLOWERS])])
    with pytest.raises(BadInputError, match="no public posts: the 2 there are"):
        read(text)


def test_of_a_repost_only_that_it_was_made_is_kept() -> None:
    own = boost(2, "", object=activity(0, "own words")["object"])
    rows, _ = read(outbox([boost(1, f"{BOB}/statuses/5"), own]))
    assert [row["is_retweet"] for row in rows] == ["true", "true"]
    assert rows[0]["text"] == f"RT @bob: {BOB}/statuses/5"
    assert rows[1]["text"] == f"RT @ann: {ANN}/statuses/112000000000000000"
    assert rows[0]["id"] == "112000000000000001"


@pytest.mark.parametrize(
    ("note", "answered"),
    [
        ({"inReplyTo": f"{ANN}/statuses/1"}, "ann.social.example"),
        ({"inReplyTo": f"{BOB}/statuses/1"}, "bob@other.example"),
        ({"inReplyTo": "https://other.example/@bob/1"}, "bob@other.example"),
        ({"inReplyTo": "https://social.example/users/carl/statuses/1"}, "carl"),
        ({"inReplyTo": {"id": f"{BOB}/statuses/1"}}, "bob@other.example"),
        (
            {
                "inReplyTo": "https://other.example/notes/9x",
                "tag": [{"type": "Hashtag"}, {"type": "Mention", "name": "@bob@other.example"}],
            },
            "bob@other.example",
        ),
        ({"inReplyTo": "https://other.example/notes/9x"}, "https://other.example/notes/9x"),
        ({"inReplyTo": None}, ""),
    ],
    ids=str,
)
def test_whom_a_reply_answers(note: dict[str, Any], answered: str) -> None:
    assert one(**note)["in_reply_to_screen_name"] == answered


def test_the_language_is_that_of_the_text() -> None:
    assert (
        one(content="<p>zwei</p>", contentMap={"en": "<p>two</p>", "de": "<p>zwei</p>"})["lang"]
        == "de"
    )
    assert one(content=None, contentMap={"fr": "<p>deux</p>"})["text"] == "deux"
    assert one(contentMap=None)["lang"] == ""


def test_polls_and_quotes_are_posts_and_content_warnings_no_text() -> None:
    assert one(type="Question", content="<p>which?</p>")["text"] == "which?"
    assert one(quoteUrl="https://other.example/1")["is_quote"] == "true"
    assert one(summary="spoilers")["text"] == "hello"


def test_pictures_alone_are_counted_and_other_activities_are_none() -> None:
    others = [{"type": kind, "actor": ANN, "object": BOB} for kind in ("Follow", "Like", "Delete")]
    rows, left_out = read(outbox([activity(1, ""), *others, activity(2, "<p>hello</p>")]))
    assert len(rows) == 1
    assert left_out == {"without_text": 1}


@pytest.mark.parametrize("indent", [None, 2])
def test_activities_come_in_pages_lists_and_lines_too(indent: int | None) -> None:
    activities = [activity(number, f"<p>hello {number}</p>") for number in range(3)]
    page = {"orderedItems": activities, "type": "OrderedCollectionPage", "next": None}
    texts = [
        outbox(activities),
        outbox(activities).replace('"totalItems"', '"orderedItem"'),
        json.dumps(page, indent=indent),
        json.dumps(page) + "\n" + json.dumps({**page, "orderedItems": []}),
        json.dumps(activities, indent=indent),
        "\n".join(map(json.dumps, activities)),
        "".join(json.dumps(one, indent=indent) for one in activities),
        json.dumps([one["object"] for one in activities]),
    ]
    for text in texts[:-1]:
        assert is_outbox(text[:4096])
    for text in texts:
        assert [row["text"] for row in read(text)[0]] == ["hello 0", "hello 1", "hello 2"]


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 1, "text": "\\"orderedItems\\": and \\"type\\": \\"Create\\"", "created_at": "x"}',
        '[{"text": "a", "type": "Create"}]',
        'text,created_at\n"""orderedItems"":",2020-01-01',
        "",
    ],
)
def test_other_files_are_no_outbox(text: str) -> None:
    assert not is_outbox(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (outbox([f"{BOB}/statuses/1"], id="likes.json"), "give the outbox.json that lies beside"),
        ('{"type": "OrderedCollection", "totalItems": 9, "first": "x"}', "Request your archive"),
        (outbox([activity(1, "hello")])[:-60], "cut off or damaged"),
        (outbox([activity(1, "hello")]) + "x", "damaged"),
        ('{"type": "OrderedCollection", "orderedItems": [1 2]}', "damaged"),
        ('{"orderedItems" [1]}', "damaged"),
        ('{"orderedItems": [], 5: 1}', "damaged"),
        ('{"orderedItems": []', "damaged"),
        ('{"a": ' + "[" * 99_999, "damaged"),
    ],
    ids=range(9),
)
def test_what_is_no_outbox_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said) as caught:
        read(text)
    assert str(caught.value).startswith("outbox.json")
    assert str(caught.value).isprintable()


def test_an_empty_outbox_has_no_rows() -> None:
    assert read(outbox([])) == ([], {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=9,
)
FIELDS = st.sampled_from(
    ["type", "to", "id", "url", "content", "contentMap", "inReplyTo", "tag", "attributedTo", "name"]
)


@settings(deadline=None)
@given(st.dictionaries(FIELDS, JSON), st.dictionaries(FIELDS | st.just("object"), JSON))
def test_any_activity_is_a_row_or_none(note: dict[str, Any], more: dict[str, Any]) -> None:
    odd = [activity(1, "x", **note), activity(2, "x") | more, boost(3, "x") | more]
    rows, _ = read(outbox([*odd, activity(4, "<p>hello</p>")]))
    assert rows[-1]["text"] == "hello"


VALUES = st.dictionaries(st.text(max_size=3), JSON, max_size=3)


@settings(deadline=None)
@given(
    st.lists(VALUES, max_size=4),
    VALUES,
    VALUES,
    st.integers(1, 40),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_items_come_out_of_objects_in_any_pieces(
    items: list[Any],
    before: dict[str, Any],
    after: dict[str, Any],
    at_once: int,
    indent: int | None,
    escaped: bool,
) -> None:
    members = {**before, "items": items, **{f"z{key}": one for key, one in after.items()}}
    text = json.dumps(members, indent=indent, ensure_ascii=escaped) * 2 + json.dumps(before)
    file = io.StringIO(text + json.dumps(items))
    stream = WrappedText(lambda size: file.read(min(size, at_once)), "f").items_under("items")
    assert list(stream) == [*items, *items, before, *items]


def test_an_object_of_ever_more_members_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapped_json, "MAX_MEMBERS", 5)
    with pytest.raises(BadInputError, match="more than 5 members"):
        read(json.dumps({str(number): number for number in range(9)}))


class Endless(io.StringIO):
    """An outbox of `left` activities more, written as it is read."""

    left = 5_000
    item = json.dumps(activity(1, "<p>hello</p>", summary="warning " * 500))

    def read(self, size: int | None = -1) -> str:
        """The beginning, then an activity at a time."""
        if begun := super().read(size):
            return begun
        self.left -= 1
        return f"{self.item}, " if self.left > 0 else f"{self.item}]}}" if self.left == 0 else ""


def test_memory_does_not_grow_with_the_outbox() -> None:
    file = Endless('{"type": "OrderedCollection", "orderedItems": [')
    tracemalloc.start()
    rows = sum(1 for _ in read_outbox(lambda: file, "f").rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 5_000
    assert peak < len(Endless.item) * rows / 5


@pytest.mark.parametrize(
    ("address", "name", "seen"),
    [
        ("https://social.example/users/ann", "ann.social.example", "ann"),
        ("https://Other.example/@bob/12", "bob.other.example", "bob@other.example"),
        ("http://other.example:3000/u/b-o.b", "b-o.b.other.example", "b-o.b@other.example"),
        ("https://social.example/ap/users/116", "", ""),
        ("https://social.example/", "", ""),
        ("users/ann", "", ""),
    ],
)
def test_addresses_of_accounts_state_their_names(address: str, name: str, seen: str) -> None:
    assert actor_name(address) == name
    assert name_seen_from(address, ANN) == seen


def test_an_actor_without_a_name_is_called_by_the_address_of_its_posts() -> None:
    actor = "https://social.example/ap/users/116"
    made = activity(1, "hello", attributedTo=actor) | {"actor": actor}
    ((row,), _) = read(outbox([made]))
    assert (row["username"], row["user_id"]) == ("ann.social.example", actor)
