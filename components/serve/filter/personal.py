"""Finding other people's mentions, e-mail addresses and phone numbers in a text."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from components.text.masks import EMAIL, EMAIL_MASK, PHONE_MASK
from components.text.phones import phone_spans

MENTION_MASK = "[mention]"
_MENTION = re.compile(r"[@＠]+\w+")
"""More than X would link: what merely looks like a handle is no loss."""
_COVERED = "\0"
"""Stands where something was found, so that what was glued to it is found too."""
_MAY_HOLD = re.compile(r"[@＠]|at[)\]]", re.IGNORECASE)


class Span(NamedTuple):
    """A part of a text that must not be shown, and what is shown instead."""

    start: int
    end: int
    mask: str


def personal_spans(text: str, own: Collection[str]) -> list[Span]:
    """Where personal data stands in `text`; a mention of one of `own` (lower case) may stay.

    Looked for again after each find, as one find may bare another that was glued to it.
    """
    found: list[Span] = []
    while new := list(_found(text, own)):
        found += new
        for start, end, _ in new:
            text = text[:start] + _COVERED * (end - start) + text[end:]
    return found


def _found(text: str, own: Collection[str]) -> Iterator[Span]:
    if _MAY_HOLD.search(text):
        for match in EMAIL.finditer(text):
            yield Span(*match.span(), EMAIL_MASK)
        for match in _MENTION.finditer(text):
            if match[0][1:].lower() not in own:
                yield Span(*match.span(), MENTION_MASK)
    for start, end in phone_spans(text):
        yield Span(start, end, PHONE_MASK)
