"""Text from outside, made ready for a page: what is invisible in it, where its lines may end."""

import re
import unicodedata

import regex

from components.text.graphemes import graphemes
from components.text.masks import LINK, MENTION
from components.text.scripts import UNSPACED

LONGEST_WORD = 18
"""Graphemes that the largest letters set on one line."""
_LONG_WORD = regex.compile(rf"[^\s{UNSPACED}]+")
_BREAK = "\u200b"
"""A zero width space: a line may end here."""
_ISOLATE = "\u2068\\g<0>\u2069"
"""What was found between a first strong isolate and its end."""
_INVISIBLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+"
)
"""Controls but line feed, and marks that turn the direction of the text around them."""
_BLANKS = re.compile(r"\s*\n\s*")


def visible(text: str) -> str:
    """The text without controls, and without empty lines."""
    return _BLANKS.sub("\n", _INVISIBLE.sub(" ", text)).strip()


def on_one_line(text: str) -> str:
    """The text without controls and line feeds."""
    return " ".join(visible(text).split())


def runs_to_the_left(line: str) -> bool:
    """Whether the first letter that has a direction runs to the left: UAX #9, P2 and P3."""
    strong = (unicodedata.bidirectional(character) for character in line)
    return next((kind for kind in strong if kind in ("L", "R", "AL")), "L") != "L"


def isolated(line: str) -> str:
    """The line with its handles and links kept together where it runs to the left.

    Without isolates the @ of a handle goes to its other end: UAX #9, 2.4.
    """
    if not runs_to_the_left(line):
        return line
    return MENTION.sub(_ISOLATE, LINK.sub(_ISOLATE, line))


def breakable(text: str) -> str:
    """The text with places for a line to end in words that are longer than a line.

    Scripts without blanks between words have such places already.
    """
    return _LONG_WORD.sub(_opened, text)


def _opened(word: "regex.Match[str]") -> str:
    letters = graphemes(word[0])
    return (_BREAK if len(letters) > LONGEST_WORD else "").join(letters)
