"""Reposts that a column marks, whatever their text begins with."""

import json
import time
from typing import Any

import pytest
from support.collecting import Read, ReadTable
from support.made_tables import as_csv, people

MARKS: tuple[tuple[str, str, str], ...] = (  # column, of a repost, of another post
    ("retweeted_status_id", "99", ""),
    ("retweeted_status_id_str", "99.0", "nan"),
    ("referenced_tweets.retweeted.id", "99", ""),
    ("retweeted_user_id", "7", ""),
    ("retweeted_username", "bob_b", "None"),
    ("retweet_id", "99", "0"),
    ("retweet_screen_name", "bob_b", "NA"),
    ("retweet_userid", "99", ""),
    ("retweetedTweet", "https://x.com/bob_b/status/9", ""),
    ("user_rt", "bob_b", ""),
    ("retweeted_status", "{'id': 99, 'text': 'theirs'}", "nan"),
    ("retweet", "1", "0"),
    ("retweet", "True", "False"),
    ("retweeted", "1", "0"),
    ("retweeted", "true", "false"),
    ("is_retweet", "TRUE", "FALSE"),
    ("isRT", "1", "0"),
    ("Is Retweet", "yes", "no"),
    ("isRepost", "t", "f"),
    ("RT", "1.0", "0.0"),
    ("post_type", "RETWEET", "QUOTE_TWEET"),
    ("tweet_type", "retweet", "original"),
    ("Tweet Type", "Retweet", "Reply"),
    ("type", "repost", "post"),
    ("sourcetweet_type", "retweeted", "quoted"),
    ("referenced_tweets", "[{'type': 'retweeted', 'id': '99'}]", "[{'type': 'quoted', 'id': '9'}]"),
)


def kinds(read: Read) -> list[str]:
    return ["repost" if post.kind == "repost" else "own" for post in read.posts]


def marked(column: str, repost: Any, other: Any, **more: str) -> list[dict[str, object]]:
    return people([{"username": "ann_k", column: mark, **more} for mark in (repost, other, other)])


@pytest.mark.parametrize(("column", "repost", "other"), MARKS)
def test_a_column_marks_reposts(table: ReadTable, column: str, repost: str, other: str) -> None:
    assert kinds(table(as_csv(marked(column, repost, other)))) == ["repost", "own", "own"] * 4


@pytest.mark.parametrize(
    "nested",
    [
        {"retweeted_status": {"id": 99, "full_text": "theirs"}},
        {"retweeted_status": {"user": {"screen_name": "bob_b"}}},
        {"referenced_tweets": [{"type": "retweeted", "id": "99"}]},
        {"retweetedTweet": {"id": 99}},
        {"reblog": {"id": "99"}},
        {"isRetweet": True},
    ],
)
def test_json_marks_reposts(table: ReadTable, nested: dict[str, Any]) -> None:
    (name,) = nested
    others = {
        "referenced_tweets": [{"type": "quoted", "id": "98"}, {"type": "replied_to", "id": "9"}],
        "isRetweet": False,
    }
    rows = marked(name, nested[name], others.get(name))
    assert kinds(table(json.dumps(rows))) == ["repost", "own", "own"] * 4
    assert kinds(table("\n".join(map(json.dumps, rows)))) == ["repost", "own", "own"] * 4


def test_a_switch_that_is_always_off_marks_nothing(table: ReadTable) -> None:
    rows = people([{"username": "ann_k", "retweeted": "false", "favorited": "false"}])
    rows[3]["text"] = "RT @bob_b: their words"
    assert kinds(table(as_csv(rows))).count("repost") == 1


@pytest.mark.parametrize("column", ["retweet", "retweeted", "RT"])
def test_a_column_that_counts_reposts_marks_none(table: ReadTable, column: str) -> None:
    counted = people([{"username": "ann_k", column: str(number)} for number in (0, 1, 17)])
    assert "repost" not in kinds(table(as_csv(counted)))


@pytest.mark.parametrize("column", ["retweets", "retweet_count", "number_of_retweets"])
def test_counts_by_their_usual_names_mark_nothing(table: ReadTable, column: str) -> None:
    assert "repost" not in kinds(table(as_csv(people([{"username": "ann_k", column: "1"}]))))


@pytest.mark.parametrize(
    ("repost", "other"),
    [("1", "0"), ("yes", "no"), ("Retweet", "Original tweet"), ("bob_b", ""), ("RT", "quote")],
)
def test_a_person_can_name_the_column(table: ReadTable, repost: str, other: str) -> None:
    data = as_csv(marked("whatever", repost, other))
    read = table(data, columns=("repost=whatever", "author=username"))
    assert kinds(read) == ["repost", "own", "own"] * 4
    assert read.columns["repost"] == "whatever"


@pytest.mark.parametrize(
    ("column", "of_repost", "of_another"),
    [
        ("retweeted_status_user_screen_name", "bob_b", "NA"),
        ("rt_user_screen_name", "bob_b", r"\N"),
        ("retweetOf", "99", ""),
        ("retweet_text", "theirs", "NULL"),
        ("legacy.retweeted_status_result.result.rest_id", "99", "nan"),
        ("RT?", "Yes", "No"),
        ("retweet_flag", "1", "0"),
        ("is_share", "true", "false"),
        ("Engagement Type", "RETWEET", "REPLY"),
        ("Type of tweet", "Retweet", "Tweet"),
    ],
)
def test_columns_called_as_those_of_reposts_are_known(
    table: ReadTable, column: str, of_repost: str, of_another: str
) -> None:
    rows = people([{"username": "ann_k", column: of_another}])
    rows[3][column] = of_repost
    assert [post.kind for post in table(as_csv(rows)).posts].count("repost") == 1


@pytest.mark.parametrize(
    "column", ["retweeted_by", "retweet_or_quote_id", "retweets", "retweet_count", "rt_count"]
)
def test_columns_of_counts_and_of_quotes_mark_nothing(table: ReadTable, column: str) -> None:
    rows = people([{"username": "ann_k", column: "7"}])
    assert {post.kind for post in table(as_csv(rows)).posts} == {"original"}


@pytest.mark.parametrize("nothing", ["NA", "NULL", r"\N", "nan", "#N/A", "-1"])
def test_cells_that_say_nothing_make_no_replies(table: ReadTable, nothing: str) -> None:
    facts = {"in_reply_to_screen_name": nothing, "retweeted_status_id": nothing, "lang": nothing}
    read = table(as_csv(people([{"username": "ann_k", **facts}])))
    assert {(post.kind, post.reply_to, post.lang) for post in read.posts} == {
        ("original", None, None)
    }


@pytest.mark.parametrize("key", ["retweet_{}_id", "user_{}_id", "key{}", "retweeted_status.{}"])
def test_objects_with_ever_new_members_are_read_in_no_time(table: ReadTable, key: str) -> None:
    posts = (
        {**row, "username": "ann_k", key.format(n): ""} for n, row in enumerate(people([{}]) * 400)
    )
    begun = time.process_time()
    assert len(table("\n".join(map(json.dumps, posts))).posts) == 12
    assert time.process_time() - begun < 15
