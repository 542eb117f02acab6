"""Posts out of an author's feed."""

import html
from datetime import datetime
from typing import Any

from components.collect.bluesky.bridged import BRIDGE, read_whole_text
from components.collect.bluesky_names import INVALID
from components.collect.json_fields import as_object, as_text
from components.collect.posts import make_post, repost_text
from components.collect.times import parse_time
from components.collect.web.account import Account
from components.contracts.posts import Post

_REPOST = "app.bsky.feed.defs#reasonRepost"
_POSTS = "/app.bsky.feed.post/"


def read_post(item: dict[str, Any], account: Account) -> Post | str:
    """The post that an item of the feed holds, or why there is none.

    Bluesky's texts are plain: they are escaped here, as X's are by X. A post of nothing but
    pictures has an empty text.
    """
    view, reason = as_object(item.get("post")), as_object(item.get("reason"))
    if reason.get("$type") == _REPOST:
        return _repost(view, reason, account)
    if as_object(view.get("author")).get("did") != account.account_id:
        return "another author"
    record = as_object(view.get("record"))
    post_id, created_at = _key(as_text(view.get("uri"))), _time(record, view)
    if not post_id:
        return "no id"
    if created_at is None:
        return "an unreadable time"
    rich = read_whole_text(record, bridged=account.handle.endswith(BRIDGE))
    langs = record.get("langs")
    return make_post(
        post_id=post_id,
        author=account.handle,
        created_at=created_at,
        text=html.escape(rich.text, quote=False),
        reply_to=_reply_to(record, item, account),
        quote=_POSTS in quoted_uri(record),
        lang=as_text(langs[0]) if isinstance(langs, list) and langs else "",
        urls=[html.escape(url, quote=False) for url in rich.urls],
        mentions=rich.mentions,
    )


def _repost(view: dict[str, Any], reason: dict[str, Any], account: Account) -> Post | str:
    """A row for a repost: when, and of whose post, without what that one says."""
    uri, created_at = as_text(view.get("uri")), parse_time(as_text(reason.get("indexedAt")))
    post_id = _key(as_text(reason.get("uri"))) or uri
    author = as_object(view.get("author"))
    if not post_id:
        return "no id"
    if created_at is None:
        return "an unreadable time"
    link = f"https://bsky.app/profile/{as_text(author.get('did'))}/post/{_key(uri)}"
    return make_post(
        post_id=post_id,
        author=account.handle,
        created_at=created_at,
        text=repost_text(as_text(author.get("handle")), link),
        repost=True,
        urls=[link],
        mentions=[],
    )


def _key(uri: str) -> str:
    """`3kab…` of `at://did:plc:…/app.bsky.feed.post/3kab…`: unique among the author's posts."""
    return uri.rpartition("/")[2] if uri.startswith("at://") else ""


def _time(record: dict[str, Any], view: dict[str, Any]) -> datetime | None:
    """When it was posted: the app's word, but not later than Bluesky came to know of it."""
    stated = parse_time(as_text(record.get("createdAt")))
    indexed = parse_time(as_text(view.get("indexedAt")))
    return min(filter(None, (stated, indexed)), default=None)


def _reply_to(record: dict[str, Any], item: dict[str, Any], account: Account) -> str:
    """The handle of whom it answers, or their DID where that post is gone."""
    uri = as_text(as_object(as_object(record.get("reply")).get("parent")).get("uri"))
    did = uri.removeprefix("at://").partition("/")[0]
    if did == account.account_id:
        return account.handle
    parent = as_object(as_object(item.get("reply")).get("parent"))
    author = as_object(parent.get("author"))
    handle = as_text(author.get("handle")) if author.get("did") == did else ""
    return handle if handle not in ("", INVALID) else did


def quoted_uri(record: dict[str, Any]) -> str:
    """The URI of what is shown below the text, if it is anything of Bluesky's own."""
    embed = as_object(record.get("embed"))
    inner = as_object(embed.get("record"))
    return as_text(inner.get("uri")) or as_text(as_object(inner.get("record")).get("uri"))
