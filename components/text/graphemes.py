"""Graphemes: what a reader sees as one character, and texts that end in whole ones."""

import regex

from components.text.scripts import UNSPACED

_GRAPHEME = regex.compile(r"\X")
# What only half an emoji or a half decoded character ends in: the replacement character, a joiner
# with nothing to join, a flag's tags without the one that closes them.
_BROKEN_END = regex.compile(r"[\ufffd\u200d\U000e0020-\U000e007e]+$")
_LONE_FLAG_LETTER = regex.compile(r"[\U0001f1e6-\U0001f1ff]")
# A grapheme with one of these may be a text's last: marks that close a sentence, a bracket or a
# quotation, emoji, and the scripts without blanks, where every character may end a word.
_MAY_END = regex.compile(
    r"[.!?…。！？｡।॥؟۔)\]}）」』】\"'”’»›\p{Extended_Pictographic}\U0001f1e6-\U0001f1ff\u20e3"
    + UNSPACED
    + "]"
)
_LAST_WORD = regex.compile(rf"[^\s{UNSPACED}]+$")


def graphemes(text: str) -> list[str]:
    """The extended grapheme clusters of `text` (UAX #29)."""
    return _GRAPHEME.findall(text)


def count_graphemes(text: str) -> int:
    """How many characters a reader sees in `text`."""
    if text.isascii() and "\r\n" not in text:
        return len(text)
    return len(graphemes(text))


def trim_to_whole(text: str) -> str:
    """End a text that a length limit cut off with its last whole word, never within a grapheme.

    A text that ends in a blank, a closing mark, an emoji or a character of a script without blanks
    is whole already; otherwise its last word may be half a word and goes. A text of one single
    word stays, since a half word says more than none.
    """
    whole = _BROKEN_END.sub("", text)
    if whole != whole.rstrip():
        return whole.rstrip()
    clusters = graphemes(whole)
    if clusters and _LONE_FLAG_LETTER.fullmatch(clusters[-1]):
        return "".join(clusters[:-1]).rstrip()
    if not clusters or _MAY_END.search(clusters[-1]):
        return whole
    return _LAST_WORD.sub("", whole).rstrip() or whole
