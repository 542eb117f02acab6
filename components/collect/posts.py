"""Making a post from what a source states."""

import html
import re
from collections.abc import Sequence
from datetime import datetime

from components.contracts.posts import RETWEET, Kind, Post

_LINK = re.compile(r"https?://t\.co/\w+|https?://[^\s<>\"“”…]*[^\s<>\"“”….,;:!?'’)\]]")
_MENTION = re.compile(r"(?<![\w@/])@(\w{1,15})(?!\w)", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


def make_post(
    *,
    post_id: str,
    author: str,
    created_at: datetime,
    text: str,
    reply_to: str | None = None,
    repost: bool = False,
    quote: bool = False,
    lang: str | None = None,
    source: str | None = None,
    urls: Sequence[str] | None = None,
    mentions: Sequence[str] | None = None,
) -> Post:
    """A post of these facts; what the source does not state, or leaves empty, is None.

    `created_at` is aware. Links and mentions are found in the text where the source names none.
    """
    text = valid_unicode(text)
    reply_to = None if reply_to == post_id else _fact(reply_to)
    return Post(
        id=valid_unicode(post_id),
        author=author,
        created_at=created_at,
        text=text,
        kind=_kind(text, repost=repost, reply=reply_to is not None, quote=quote),
        reply_to=reply_to,
        lang=_fact(lang),
        urls=tuple(_LINK.findall(text) if urls is None else map(valid_unicode, urls)),
        mentions=tuple(
            _MENTION.findall(text) if mentions is None else map(valid_unicode, mentions)
        ),
        source=_fact(app_name(source or "")),
    )


def _fact(stated: str | None) -> str | None:
    return valid_unicode(stated) if stated else None


def _kind(text: str, *, repost: bool, reply: bool, quote: bool) -> Kind:
    """`RT @name: ` says repost whatever the source's flag says: archives state it on no post."""
    if repost or RETWEET.match(text):
        return "repost"
    if reply:
        return "reply"
    return "quote" if quote else "original"


def repost_text(handle: str, link: str) -> str:
    """What stands for a post of somebody else: whose and where it is, never what it says.

    It begins as reposts do in X's archives: every preset of prepare knows it by that.
    """
    name = re.sub(r"\W", "_", re.split("[.@]", handle)[0])
    return f"RT @{name or 'somebody'}: {html.escape(link, quote=False)}"


def is_number(post_id: str) -> bool:
    """Whether this is 1 to 20 ASCII digits, which hold every 64-bit id."""
    return post_id.isascii() and post_id.isdigit() and len(post_id) <= 20


def app_name(source: str) -> str:
    """`Twitter for iPhone` for `<a href="…">Twitter for iPhone</a>`."""
    return re.sub(r"<[^<>]*>", "", source).strip()


def valid_unicode(text: str) -> str:
    """`text` with U+FFFD for every half of a surrogate pair, which UTF-8 cannot hold."""
    return _SURROGATE.sub("\ufffd", text)


def shown(text: str, most: int = 96) -> str:
    """What a source calls something, fit for a sentence: cut, and printable."""
    return "".join(c if c.isprintable() else "?" for c in text[:most])
