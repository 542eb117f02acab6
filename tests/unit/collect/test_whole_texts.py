"""The whole text where a row has it, before the one that was cut off."""

import json
from typing import Any

import pytest
from support.collecting import ReadTable
from support.made_tables import as_csv, people

CUT, WHOLE = "A walk along the canal and then…", "A walk along the canal and then home by the mill"


@pytest.mark.parametrize(
    "more",
    [
        {"text": CUT, "extended_tweet": {"full_text": WHOLE}},
        {"text": CUT, "note_tweet": {"text": WHOLE}},
        {"text": CUT, "note_tweet": {"note_tweet_results": {"result": {"text": WHOLE}}}},
        {"text": CUT, "full_text": WHOLE},
        {"full_text": CUT, "text": WHOLE},
        {"text": CUT, "fullText": WHOLE},
        {"full_text": CUT, "note_tweet": {"text": WHOLE}},
        {"content": CUT, "rawContent": WHOLE},
    ],
)
def test_the_longest_known_text_is_taken(table: ReadTable, more: dict[str, Any]) -> None:
    rows = people([{"username": "ann_k"}], count=150)
    rows[140] |= more
    if "text" not in more:
        del rows[140]["text"]
    texts = [post.text for post in table("\n".join(map(json.dumps, rows))).posts]
    assert texts[140] == WHOLE
    assert texts[139] == rows[139]["text"]


def test_a_csv_is_read_row_by_row(table: ReadTable) -> None:
    columns = ({"full_text": WHOLE, "tweet": CUT}, {"full_text": "", "tweet": CUT})
    rows = [{k: v for k, v in row.items() if k != "text"} for row in people(columns)]
    texts = [post.text for post in table(as_csv([r | {"username": "ann_k"} for r in rows])).posts]
    assert texts == [WHOLE, CUT] * 6


def test_neither_a_link_nor_a_number_is_a_longer_text(table: ReadTable) -> None:
    link = "https://twitter.com/ann_k/status/1100000000000000000?s=20&ref=a-long-way-to-say-so"
    rows = people([{"username": "ann_k", "tweet": link, "tweets": "12345678901234567890123456"}])
    rows[0]["text"] = "Short words here"
    assert table(as_csv(rows)).posts[0].text == "Short words here"


def test_what_an_app_shortened_is_the_last_choice(table: ReadTable) -> None:
    row = {"id": 1, "date": "2020-01-01", "user": {"username": "ann"}, "renderedContent": "x y z…"}
    assert table(json.dumps(row)).posts[0].text == "x y z…"
    assert table(json.dumps(row | {"rawContent": "x y"})).posts[0].text == "x y"


def test_the_html_of_mastodons_servers_is_read_as_text(table: ReadTable) -> None:
    posts = [
        {
            "id": "1",
            "content": "<p>Hello &amp; good<br>morning</p><p>all</p>",
            "created_at": "2023-03-01T09:30:00Z",
            "account": {"acct": "ann_k"},
        }
    ]
    assert table(json.dumps(posts)).posts[0].text == "Hello &amp; good\nmorning\n\nall"
