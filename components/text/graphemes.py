"""Graphemes: what a reader sees as one character, and texts that end in whole ones."""

import regex

from components.text.scripts import UNSPACED

# The patterns of ends search backwards, (?r): forwards, each would try every place of a long text.
_GRAPHEME = regex.compile(r"\X")
# What only half an emoji or a half decoded character ends in: the replacement character, a joiner
# with nothing to join, a flag's tags without the one that closes them.
_BROKEN_END = regex.compile(r"(?r)[\ufffd\u200d\U000e0020-\U000e007e]+$")
_LONE_FLAG_LETTER = regex.compile(r"[\U0001f1e6-\U0001f1ff]")
# A grapheme with one of these may be a text's last: marks that close a sentence, a bracket or a
# quotation, emoji, and the scripts without blanks, where every character may end a word.
_MAY_END = regex.compile(
    r"[.!?…。！？｡।॥؟۔)\]}）」』】\"'”’»›\p{Extended_Pictographic}\U0001f1e6-\U0001f1ff\u20e3"
    + UNSPACED
    + "]"
)
_LONGEST_GRAPHEME = 64  # code points; the longest emoji has 10. Even, so that flags stay paired
# A character that what follows does not change: no digit, since a keycap may close over it.
_FINAL = regex.compile(r"[\s\x21-\x7e--[0-9#*]]", flags=regex.VERSION1)
_LAST_WORD = regex.compile(rf"(?r)[^\s{UNSPACED}]+$")


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
    last = _last_grapheme(whole)
    if _LONE_FLAG_LETTER.fullmatch(last):
        return whole.removesuffix(last).rstrip()
    if not last or _MAY_END.search(last):
        return whole
    return _LAST_WORD.sub("", whole).rstrip() or whole


def settled(text: str) -> str:
    """The part of a text still being written that `trim_to_whole` keeps however it goes on.

    A word is settled when another begins; the first one of all grows as it comes. A character that
    may still change its looks, as an emoji does by what follows it, is not settled.
    """
    last = _last_grapheme(text)
    whole = text if _FINAL.fullmatch(last) else text.removesuffix(last)
    whole = _BROKEN_END.sub("", whole)
    last = _last_grapheme(whole)
    if _LONE_FLAG_LETTER.fullmatch(last):
        whole = whole.removesuffix(last)
    words = _LAST_WORD.sub("", whole).rstrip()
    if not words:
        return whole if whole == whole.rstrip() else ""
    # The last word may begin with a mark that belongs to the character before it.
    around = _last_grapheme(text[: len(words) + 1])
    return words if len(around) == 1 else words.removesuffix(_last_grapheme(words))


def _last_grapheme(text: str) -> str:
    """The last grapheme of `text`, looked for in its end alone."""
    if text[-2:].isascii() and text[-2:] != "\r\n":  # which is what most texts end in
        return text[-1:]
    clusters = graphemes(text[-_LONGEST_GRAPHEME:])
    return clusters[-1] if clusters else ""
