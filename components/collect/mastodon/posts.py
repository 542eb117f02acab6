"""Posts out of a server's statuses."""

import html
from typing import Any

from components.collect.html_text import read_html
from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.posts import make_post, repost_text, valid_unicode
from components.collect.times import parse_time
from components.collect.web.account import Account
from components.contracts.posts import Post


def is_public(status: dict[str, Any]) -> bool:
    """Whether the post is for everybody: unlisted ones ask not to be found."""
    return status.get("visibility") == "public"


def read_status(status: dict[str, Any], account: Account) -> Post | str:
    """The post that a status holds, or why there is none.

    A content warning is no part of the text. A post of pictures alone has an empty one. The HTML
    is read, and the text escaped again, so that it is escaped once, as X's are by X.
    """
    post_id, created_at = as_text(status.get("id")), parse_time(as_text(status.get("created_at")))
    if not post_id:
        return "no id"
    if created_at is None:
        return "an unreadable time"
    if reblog := as_object(status.get("reblog")):
        handle = as_text(as_object(reblog.get("account")).get("acct"))
        link = as_text(reblog.get("url")) or as_text(reblog.get("uri"))
        return make_post(
            post_id=post_id,
            author=account.handle,
            created_at=created_at,
            text=repost_text(handle, link),
            repost=True,
            mentions=[],
        )
    read = read_html(valid_unicode(as_text(status.get("content"))))
    mentioned = as_objects(status.get("mentions"))
    return make_post(
        post_id=post_id,
        author=account.handle,
        created_at=created_at,
        text=html.escape(read.text, quote=False),
        reply_to=_reply_to(status, mentioned, account),
        quote=bool(status.get("quote")),
        lang=as_text(status.get("language")),
        source=as_text(as_object(status.get("application")).get("name")),
        urls=[html.escape(url, quote=False) for url in read.urls],
        mentions=[acct for one in mentioned if (acct := as_text(one.get("acct")))],
    )


def _reply_to(status: dict[str, Any], mentioned: list[dict[str, Any]], account: Account) -> str:
    """The handle of whom it answers, or their id where only that is known."""
    if not (answered := as_text(status.get("in_reply_to_id"))):
        return ""
    known = {as_text(one.get("id")): as_text(one.get("acct")) for one in mentioned}
    known[as_text(as_object(status.get("account")).get("id"))] = account.handle
    their_id = as_text(status.get("in_reply_to_account_id"))
    return known.get(their_id) or their_id or answered
