"""Finding other people's mentions, e-mail addresses and phone numbers in a text."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from components.text.masks import EMAIL, EMAIL_MASK, PHONE_MASK
from components.text.phones import phone_spans

MENTION_MASK = "[mention]"
_MENTION = re.compile(r"[@＠]+\w+")
"""More than X would link: what merely looks like a handle is no loss."""
_COVERED = "\0"
"""Stands where something was found: no part of a number or a word."""
_MAY_HOLD = re.compile(r"[@＠]|at[)\]]", re.IGNORECASE)


class MaskedSpan(NamedTuple):
    """A part of a text that must not be shown, and what is shown instead."""

    start: int
    end: int
    mask: str


def covered(text: str, found: Iterable[MaskedSpan]) -> str:
    """The text, as long as before, without what was found: what was glued to it stands bare."""
    for start, end, _ in found:
        text = text[:start] + _COVERED * (end - start) + text[end:]
    return text


def personal_spans(text: str, own: Collection[str]) -> Iterator[MaskedSpan]:
    """Where personal data stands in `text`; a mention of one of `own` (lower case) may stay."""
    if _MAY_HOLD.search(text):
        for match in EMAIL.finditer(text):
            yield MaskedSpan(*match.span(), EMAIL_MASK)
        for match in _MENTION.finditer(text):
            if match[0][1:].lower() not in own:
                yield MaskedSpan(*match.span(), MENTION_MASK)
    for start, end in phone_spans(text):
        yield MaskedSpan(start, end, PHONE_MASK)
