"""Text from outside, made harmless for the Markdown of a model card."""

import re

from markupsafe import Markup

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
"""Controls, and marks that turn the direction of the text around them."""
_SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#+!|~$&=\"]|:(?=//)|(?<=www)\.")
_LIST = re.compile(r"^(\d*)(-|(?<=\d)\.(?!\S))")
"""A beginning that would make a list or a rule: `- `, `1. `, `---`."""
_BACKSLASHED = frozenset("*_[]()#+!~.")
_LINK = re.compile(r"https?://[^\s<>()\[\]\"'`\\|]+")


def plain(text: object) -> str:
    """`text` on one line, so that Markdown and HTML show it letter by letter.

    What CommonMark lets a backslash escape is escaped so, as it stays readable; what could end a
    table cell, an entity, a tag or a formula becomes a character reference, which no parser of a
    structure sees. A `Markup` is our own Markdown and stays as it is.
    """
    if isinstance(text, Markup):
        return text
    line = " ".join(_INVISIBLE.sub(" ", str(text)).split())
    return _LIST.sub(r"\1\\\2", _SPECIAL.sub(_escaped, line))


def link(words: str, address: str) -> Markup | None:
    """A link of `words`, which are ours, to `address`; None if that is no plain web address."""
    return Markup(f"[{words}]({address})") if _LINK.fullmatch(address) else None  # noqa: S704


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\{character}" if character in _BACKSLASHED else f"&#{ord(character)};"
