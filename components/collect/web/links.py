"""Links as they were meant, where an app shows less of them."""

import re

_START = re.compile(r"(?:https?://)?(?:www\.)?", re.IGNORECASE)
_AFTER_HOST = re.compile(r"[/?#:]")


def whole_link(shown: str, link: str) -> str:
    """`link` where `shown` is the link or a beginning of it, as apps shorten it; else `shown`.

    `example.com/a/lon…` stands for `https://example.com/a/long/path`; `this page` says something
    of its own.
    """
    seen, whole = _without_start(shown.rstrip(".…")), _without_start(link)
    host = _AFTER_HOST.split(whole, maxsplit=1)[0]
    is_part = bool(host) and seen.startswith(host) and whole.startswith(seen)
    return link if is_part and link.lower().startswith(("http://", "https://")) else shown


def _without_start(link: str) -> str:
    return _START.sub("", link.strip(), count=1).casefold()
