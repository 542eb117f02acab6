"""Rows out of the records of a Bluesky repository."""

import html
from typing import Any

from components.collect.bluesky.bridged import read_whole_text
from components.collect.bluesky.posts import quoted_uri
from components.collect.exports.rows import COLUMNS, flag, make_row
from components.collect.json_fields import as_object, as_text
from components.collect.posts import repost_text
from components.collect.table_rows import Row

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
RECORD_COLUMNS = tuple(name for name in COLUMNS if name != "username")
"""Records do not say what their account is called."""


def row_of_record(record: dict[str, Any], key: str, did: str, where: str) -> Row:
    """The row of a post or a repost with the key `key` in the repository of the account `did`.

    Of a repost only that it was made is kept, and of whose post.
    """
    langs = record.get("langs")
    facts = {"id": key, "user_id": did, "created_at": as_text(record.get("createdAt"))}
    if record.get("$type") == REPOST:
        text = _repost(as_text(as_object(record.get("subject")).get("uri")))
        return make_row(where, text=text, is_retweet=flag(True), **facts)
    return make_row(
        where,
        text=html.escape(read_whole_text(record).text, quote=False),
        lang=as_text(langs[0]) if isinstance(langs, list) and langs else "",
        is_quote=flag(f"/{POST}/" in quoted_uri(record)),
        in_reply_to_screen_name=_reply_to(record),
        **facts,
    )


def _repost(uri: str) -> str:
    did, _, rest = uri.removeprefix("at://").partition("/")
    return repost_text("", f"https://bsky.app/profile/{did}/post/{rest.rpartition('/')[2]}")


def _reply_to(record: dict[str, Any]) -> str:
    """The DID of whom it answers."""
    parent = as_object(as_object(record.get("reply")).get("parent"))
    return as_text(parent.get("uri")).removeprefix("at://").partition("/")[0]
