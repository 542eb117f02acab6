"""The `outbox.json` of an account's archive, as Mastodon, Pleroma and their like give it.

It is an ActivityPub collection (w3.org/TR/activitypub/#outbox) of all that the account sent, with
private messages, which concern others as well: posts for everybody are read alone.
"""

import html
import re
from collections.abc import Iterator
from typing import Any, TextIO

from components.collect.exports.rows import COLUMNS, flag, make_row, with_text
from components.collect.exports.wrapped_json import WrappedText
from components.collect.html_text import read_html
from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.posts import repost_text, valid_unicode
from components.collect.table_rows import OpenText, Row, Table
from components.contracts.errors import BadInputError

_COLLECTION = re.compile(r'"orderedItems"\s*:|"type"\s*:\s*"OrderedCollection(?:Page)?"')
_ACTIVITY = re.compile(r'"type"\s*:\s*"(?:Create|Announce)"')
_ACTOR = re.compile(r'"actor"\s*:\s*["{]')
_PUBLIC = {"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"}
_NOTES = ("Note", "Question", "Article")
_QUOTES = ("quote", "quoteUrl", "quoteUri", "_misskey_quote")
_HOW = "ask the server for it under Preferences, Import and export, Request your archive"
_ADDRESS = re.compile(
    r"https?://(?:www\.)?([^/\s:@]+)(?::\d+)?/(?:@|(?:users|u|profile|author|channel)/)([\w.-]+)(?:/.*)?",
    re.ASCII,
)


def is_outbox(head: str) -> bool:
    """Whether a file that begins so is an outbox, or activities out of one."""
    start = head.lstrip("\ufeff \t\r\n")
    if not start.startswith(("{", "[")):
        return False
    is_activity = _ACTIVITY.search(start) and _ACTOR.search(start)
    return bool(_COLLECTION.search(start) or is_activity)


def read_outbox(open_text: OpenText, source: str) -> Table:
    """The public posts and reposts of an outbox; `source` is what messages call it.

    Rows left out on purpose are called `not_public`, and `without_text` where there are pictures
    alone.

    Raises:
        BadInputError: later, from the rows: it is damaged, or holds no posts of the account.
    """

    def rows() -> Iterator[Row]:
        with open_text() as file:
            yield from with_text(_rows(file, source))

    return Table("Mastodon outbox", COLUMNS, rows)


def _rows(file: TextIO, source: str) -> Iterator[Row]:
    text, read, not_public = WrappedText(file.read, f"{source}, an outbox,"), 0, 0
    for number, item in enumerate(text.items_under("orderedItems"), 1):
        activity = _activity(item, source)
        if activity is None:
            continue
        if not _is_public(activity):
            not_public += 1
            yield Row(f"activity {number}", None, left_out="not_public")
            continue
        read += 1
        yield _row(activity, f"activity {number}")
    if not read and not_public:
        raise BadInputError(
            f"{source} holds no public posts: the {not_public:,} there are for "
            "followers, for single people or unlisted, and those are never read"
        )


def _activity(item: Any, source: str) -> dict[str, Any] | None:
    """The item if it made a post or a repost.

    Raises:
        BadInputError: it tells that the file is none of an account's own posts.
    """
    if isinstance(item, str):
        raise BadInputError(
            f"{source} holds links, as the lists of likes and bookmarks do, which are of other "
            "people's posts; give the outbox.json that lies beside it"
        )
    activity = as_object(item)
    kind = as_text(activity.get("type"))
    if kind.startswith("OrderedCollection") and "orderedItems" not in activity:
        raise BadInputError(
            f"{source} is but the front page of an outbox, without its posts; {_HOW}"
        )
    if kind in _NOTES:
        return {"type": "Create", "actor": activity.get("attributedTo"), "object": activity}
    if kind == "Create":
        return activity if as_object(activity.get("object")).get("type") in _NOTES else None
    return activity if kind == "Announce" else None


def _is_public(activity: dict[str, Any]) -> bool:
    """Whether it is for everybody, by all that says so; unlisted posts have the public in `cc`."""
    stated = [activity.get("to"), as_object(activity.get("object")).get("to")]
    audiences = [set(_texts(to)) for to in stated if to is not None]
    return bool(audiences) and all(audience & _PUBLIC for audience in audiences)


def _row(activity: dict[str, Any], where: str) -> Row:
    note = as_object(activity.get("object"))
    actor = _link(activity.get("actor")) or _link(note.get("attributedTo"))
    username = actor_name(actor) or actor_name(_link(note.get("url")))
    facts = {"username": username, "user_id": actor}
    if activity.get("type") == "Announce":
        link = _link(activity.get("object"))
        return make_row(
            where,
            id=_post_id(_link(activity.get("id"))),
            text=repost_text(name_seen_from(link, actor), link),
            created_at=as_text(activity.get("published")),
            is_retweet=flag(True),
            **facts,
        )
    content, lang = _content(note)
    return make_row(
        where,
        id=_post_id(_link(note.get("id")) or _link(activity.get("id"))),
        text=html.escape(read_html(valid_unicode(content)).text, quote=False),
        created_at=as_text(note.get("published")) or as_text(activity.get("published")),
        lang=lang,
        is_quote=flag(any(note.get(name) for name in _QUOTES)),
        in_reply_to_screen_name=_reply_to(note, actor, username),
        **facts,
    )


def _content(note: dict[str, Any]) -> tuple[str, str]:
    """The HTML of a post, and its language where one is stated."""
    by_language = as_object(note.get("contentMap"))
    content = as_text(note.get("content"))
    for lang, translated in by_language.items():
        if not content or translated == content:
            return as_text(translated), lang
    return content, ""


def _reply_to(note: dict[str, Any], actor: str, username: str) -> str:
    """Whom it answers: a handle as the account's own server writes it, else the link."""
    link = _link(note.get("inReplyTo"))
    if not link or (actor and link.startswith(f"{actor}/")):
        return username if link else ""
    tags = as_objects(note.get("tag"))
    mentioned = [as_text(tag.get("name")) for tag in tags if tag.get("type") == "Mention"]
    return name_seen_from(link, actor) or next(filter(None, mentioned), "").strip("@") or link


def _post_id(uri: str) -> str:
    """`1123` for `https://social.example/users/ann/statuses/1123/activity`."""
    return uri.removesuffix("/activity").rstrip("/").rpartition("/")[2]


def _link(value: Any) -> str:
    """The address of a thing, which stands there itself or by its id, or in a list of one."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("id") or value.get("href")
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in map(_link, values) if one]


def actor_name(address: str) -> str:
    """`ann.social.example` for `https://social.example/users/ann` and what lies below it.

    A folder and a persona can be named so. Empty where the address states no name.
    """
    found = _ADDRESS.fullmatch(address)
    return f"{found[2]}.{found[1].lower()}" if found else ""


def name_seen_from(address: str, home: str) -> str:
    """`bob@other.example` for what lies below `https://other.example/users/bob`, and `bob` where
    `home` is an address of the same server. Empty where the address states no name.
    """
    found, ours = _ADDRESS.fullmatch(address), _ADDRESS.fullmatch(home)
    if not found:
        return ""
    is_local = ours is not None and ours[1].lower() == found[1].lower()
    return found[2] if is_local else f"{found[2]}@{found[1].lower()}"
