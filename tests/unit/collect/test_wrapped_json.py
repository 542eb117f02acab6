"""JSON in the wrappings that APIs and tools put around posts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.collecting import ReadTable, RefuseTable
from support.made_tables import people, post_text

from components.collect.tables.json_rows import flatten, posts_in

POSTS = people([{"username": "ann_k"}])
BARE = [
    {"id": str(n), "text": post_text(n), "author_id": "77", "created_at": "2019-03-01T09:30:00Z"}
    for n in range(12)
]
PAGE = {
    "data": BARE,
    "includes": {"users": [{"id": "77", "username": "ann_k", "name": "Ann"}]},
    "meta": {"result_count": 12},
}
SHAPES: dict[str, Any] = {
    "data": {"data": POSTS},
    "tweets": {"tweets": POSTS},
    "statuses": {"search_metadata": {"count": 12}, "statuses": POSTS},
    "wrapped items": [{"tweet": post} for post in POSTS],
    "data within data": {"data": {"tweets": POSTS}},
    "a page of the API": PAGE,
    "pages in a list": [{**PAGE, "data": BARE[:5]}, {**PAGE, "data": BARE[5:]}],
    "a stream": [{"data": post, "includes": PAGE["includes"]} for post in BARE],
}


@pytest.mark.parametrize("value", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("indent", [None, 2])
def test_each_wrapping_is_read(table: ReadTable, value: Any, indent: int | None) -> None:
    read = table(json.dumps(value, indent=indent))
    assert read.author == "ann_k"
    assert [post.text for post in read.posts] == [post_text(n) for n in range(12)]


@pytest.mark.parametrize("value", [v for v in SHAPES.values() if isinstance(v, list)], ids=range(3))
def test_each_may_stand_on_a_line_of_its_own(table: ReadTable, value: list[Any]) -> None:
    assert len(table("\n".join(map(json.dumps, value))).posts) == 12
    assert len(table("\n".join(json.dumps(one, indent=1) for one in value)).posts) == 12


def test_the_users_of_a_page_tell_authors_apart(refused: RefuseTable) -> None:
    two = [{**post, "author_id": "78"} if n % 2 else post for n, post in enumerate(BARE)]
    users = [*PAGE["includes"]["users"], {"id": "78", "username": "bob_b"}]
    sentence = refused(json.dumps({"data": two, "includes": {"users": users}}))
    assert "2 authors (ann_k, bob_b)" in sentence
    assert "2 accounts" in refused(json.dumps({"data": two}), author="ann_k")


def test_posts_that_the_page_includes_are_somebody_elses(table: ReadTable) -> None:
    others = {"tweets": [{"id": "5", "text": "theirs", "author_id": "9"}]}
    page = {**PAGE, "includes": {**PAGE["includes"], **others}}
    assert all(post.text != "theirs" for post in table(json.dumps(page)).posts)


def test_a_page_on_one_long_line_is_read(table: ReadTable) -> None:
    page = {"data": [{**post, "note": "x" * 100_000} for post in POSTS * 5]}
    assert len(table(json.dumps(page)).posts) == 12


@pytest.mark.parametrize(
    "data", ['{"data": []}', '{"meta": 1}', '{"data": [', '{"data": {"a": 1}}']
)
def test_a_wrapping_without_posts_is_told(refused: RefuseTable, data: str) -> None:
    refused(data, author="ann_k")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "tweets", "includes", "users", "id", "text", "type", "tweet"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_taken_apart(value: Any) -> None:
    for post in posts_in(value):
        cells = flatten(post)
        assert cells is None or all(isinstance(cell, str) for cell in cells.values())


@pytest.mark.parametrize("owner", [{"user": {"screen_name": "NAME"}}, {"username": "NAME"}])
@pytest.mark.parametrize("lines", [True, False])
def test_posts_in_lists_of_their_authors_stay_theirs(
    table: ReadTable, owner: dict[str, Any], lines: bool
) -> None:
    groups = [
        {**json.loads(json.dumps(owner).replace("NAME", name)), "tweets": posts}
        for name, posts in (("ann_k", people([{}])[:6]), ("bob_b", people([{}])[6:]))
    ]
    data = "\n".join(map(json.dumps, groups)) if lines else json.dumps(groups)
    read = table(data, author="ann_k")
    assert (len(read.posts), read.notes["other_authors"]) == (6, 6)


def test_an_author_beside_a_wrapped_post_is_its_author(table: ReadTable) -> None:
    data = [{"user": "ann_k" if n % 2 else "bob_b", "tweet": p} for n, p in enumerate(people([{}]))]
    assert table(json.dumps(data), author="ann_k").notes["other_authors"] == 6


def test_values_as_mongodb_wraps_them_are_read(table: ReadTable) -> None:
    posts = [
        {
            "_id": {"$oid": "5c" * 12},
            "id": {"$numberLong": str(1100 + n)},
            "text": post_text(n),
            "created_at": {"$date": {"$numberLong": str(1551460000000 + n)}},
            "user": {"screen_name": "ann_k", "id": {"$numberLong": "22"}},
        }
        for n in range(3)
    ]
    read = table("\n".join(map(json.dumps, posts)))
    assert [post.id for post in read.posts] == ["1100", "1101", "1102"]
    assert read.account_ids == ("22",)


def test_hits_of_a_search_engine_are_read(table: ReadTable) -> None:
    posts = people([{"username": "ann_k"}])
    data = {"hits": {"total": 12, "hits": [{"_index": "t", "_source": post} for post in posts]}}
    assert len(table(json.dumps(data)).posts) == 12
