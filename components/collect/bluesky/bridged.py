"""Posts that a bridge brought to Bluesky, where a post has 300 characters at most.

Bridgy Fed (github.com/snarfed/bridgy-fed) keeps the post that it cut in `bridgyOriginalText` of the
record, Wafrn (codeberg.org/wafrn/wafrn) in `fullText`: HTML, or plain where it was plain before.
"""

import re
from typing import Any

from components.collect.bluesky.richtext import RichText, read_rich_text
from components.collect.html_text import read_html
from components.collect.json_fields import as_object, as_text
from components.collect.posts import valid_unicode

BRIDGE = ".brid.gy"
"""How the handles end that Bridgy Fed gives."""
_WHOLE = ("bridgyOriginalText", "fullText")
_ORIGIN = ("bridgyOriginalUrl", "fediverseId")
_POINTER = "Original post on "
_HTML = re.compile(
    r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:[a-z]+|#\d+|#x[0-9a-f]+);", re.IGNORECASE
)
_LINK = ("http://", "https://")
_MARKS = ("[…]", "(…)", "[...]", "(...)", "…")


def read_whole_text(record: dict[str, Any], *, bridged: bool = False) -> RichText:
    """The text of a post's record, whole where a bridge put it beside the cut one.

    Where it did not, a cut text ends in `…`, by which preparing knows that it was cut off.

    Args:
        record: the record.
        bridged: whether the account is a bridge's; records may say so too.
    """
    rich = read_rich_text(record)
    whole = max((as_text(record.get(name)) for name in _WHOLE), key=len)
    if whole.strip():
        return _original(valid_unicode(whole), rich)
    if bridged or _is_bridged(record):
        return rich._replace(text=_marked(rich.text))
    return rich


def _original(whole: str, rich: RichText) -> RichText:
    if not _HTML.search(whole):
        return rich._replace(text=whole.strip(), urls=tuple(u for u in rich.urls if u in whole))
    read = read_html(whole)
    return RichText(read.text, read.urls, rich.mentions)


def _is_bridged(record: dict[str, Any]) -> bool:
    external = as_object(as_object(record.get("embed")).get("external"))
    return any(record.get(name) for name in _ORIGIN) or as_text(external.get("title")).startswith(
        _POINTER
    )


def _marked(text: str) -> str:
    """`words…` for `words […]`, whatever pointer or link to the whole post stands behind it."""
    said = text.rstrip()
    pointer = said.rfind(f"[{_POINTER}")
    if pointer >= 0 and said.endswith("]"):
        said = said[:pointer].rstrip()
    for link in said.split()[-1:]:
        said = said.removesuffix(link).rstrip() if link.startswith(_LINK) else said
    for mark in _MARKS:
        if said.endswith(mark):
            return said.removesuffix(mark).rstrip() + "…"
    return text
