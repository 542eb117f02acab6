"""Exports are told from tables by how their files begin."""

import io
import json
import subprocess
import sys

import pytest
from support.collecting import rows_of
from support.exports import FOLLOWERS, activity, bsky_record, outbox

from components.collect.exports.recognising import read_export

POSTS = {
    "records": [{"uri": "at://did:plc:ann/app.bsky.feed.post/3k", "value": bsky_record(1, "x")}]
}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (outbox([activity(1, "hello")]), "Mastodon outbox"),
        (
            "\ufeff\n" + json.dumps(json.loads(outbox([activity(1, "hello")])), indent=4),
            "Mastodon outbox",
        ),
        (json.dumps(POSTS), "Bluesky records"),
        (json.dumps(bsky_record(1, "x")), "Bluesky records"),
    ],
    ids=range(4),
)
def test_an_export_is_known_by_its_beginning(text: str, shape: str) -> None:
    table = read_export(lambda: io.StringIO(text.removeprefix("\ufeff")), "f")
    assert table is not None
    assert table.shape == shape
    assert len(rows_of(table)[0]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "id,text,created_at\n1,hello,2024-01-01",
        '[{"id": "1", "text": "hello", "created_at": "2024-01-01", "type": "post"}]',
        '{"id": "1", "full_text": "\\"value\\": {", "user": {"screen_name": "ann"}}',
        '{"data": [{"id": "1", "text": "hello"}], "includes": {"users": []}}',
        "",
    ],
    ids=range(5),
)
def test_a_table_is_left_for_its_own_reader(text: str) -> None:
    assert read_export(lambda: io.StringIO(text), "f") is None


def test_what_was_left_out_is_counted_while_rows_are_read() -> None:
    text = outbox([activity(1, ""), activity(2, "x", to=[FOLLOWERS]), activity(3, "hello")])
    table = read_export(lambda: io.StringIO(text), "f")
    assert table is not None
    rows, left_out = rows_of(table)
    assert len(rows) == 1
    assert left_out == {"not_public": 1, "without_text": 1}


def test_reading_exports_imports_no_client_of_a_server() -> None:
    code = (
        "import sys, components.collect.exports.recognising, components.collect.exports.repository;"
        "sys.exit(sorted({'atproto', 'mastodon', 'httpx', 'requests'} & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
