"""Deleting links, with what pointed at them."""

import html
import re
from collections.abc import Sequence

from components.text.masks import LINK, may_hold_link

HOLE = "\0"
"""Stands where something was cut until its surroundings are mended: cleaning leaves no other."""
_HOLES = rf"{HOLE}(?:\s*{HOLE})*"
_ENCLOSED = re.compile(
    rf"""\((?:\s*(?:via|link|source|src|photo|pic|video):?)?\s*{_HOLES}\s*\)"""
    rf"""|\[\s*{_HOLES}\s*\]|\{{\s*{_HOLES}\s*\}}|<\s*{_HOLES}\s*>"""
    rf"""|"\s*{_HOLES}\s*"|“\s*{_HOLES}\s*”|‘\s*{_HOLES}\s*’|«\s*{_HOLES}\s*»|「\s*{_HOLES}\s*」""",
    re.IGNORECASE,
)
# What leads to a link and hangs in the air without it. A bracket, bar or dash that ends an emoticon
# stays: ":(" and ":|".
_POINTERS = (
    r"(?:[:：→⇒➔➜➡⟶▶►↓⬇👉👇»›]\ufe0f?"
    r"|(?:(?<=\s)|^)(?:[-=]*>+|[-–—~]+)"
    r"|(?<![:;=8xX'^-])[(\[{|]"
    r"|\bvia\b"
    r")"
)
_DANGLING = re.compile(
    rf"(?:\s*{_POINTERS}){{1,4}}\s*{_HOLES}(?=[.,!?]?\s*(?:$|\n|[)\]}}#@(|]|\bvia\b))",
    re.IGNORECASE,
)
_LEADING = re.compile(rf"^{_HOLES}\s*(?:[:|→>–—-]+\s+)?")
_SECOND_STOP = re.compile(rf"(?<=[.!?])\s*{_HOLES}\.(?!\.)")
_BEFORE_MARK = re.compile(
    rf"""[ \t]*{_HOLES}(?:(?=[.,;!?)\]}}”’»…]|"(?:\s|$))|\s(?=[?!](?:\s|$)))"""
)
_AFTER_BRACKET = re.compile(rf"(?<=[(\[{{“‘«])\s*{_HOLES}\s*")


def remove_links(text: str, urls: Sequence[str]) -> str:
    """Delete the links and holes of `text`, and the marks and words that only led to them.

    Args:
        text: unescaped, without control characters.
        urls: the links that the source names, as they stand in the text; these go first, since
            they tell exactly where a link ends.

    Words, brackets and quotation marks beside a link stay. White space is left as it comes.
    """
    if not may_hold_link(text):
        return _mend(text) if HOLE in text else text
    for url in sorted(urls, key=len, reverse=True):
        if "." in (plain := html.unescape(url)):
            text = text.replace(plain, HOLE)
    text = LINK.sub(HOLE, text)
    return _mend(text) if HOLE in text else text


def _mend(text: str) -> str:
    text = _ENCLOSED.sub(HOLE, text)
    text = _DANGLING.sub(HOLE, text)
    text = _LEADING.sub("", text)
    text = _AFTER_BRACKET.sub("", text)
    text = _SECOND_STOP.sub("", text)
    text = _BEFORE_MARK.sub("", text)
    return text.replace(HOLE, " ")
