"""Scripts that put no blanks between words."""

import regex

UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}ー々\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Javanese}"
)
"""The characters of those scripts, to stand in a character class of the `regex` library.

They are the ideographs, the kana and what UAX #14 calls complex-context scripts; two marks that
Unicode counts as common to several scripts are named one by one.
"""

_UNSPACED = regex.compile(f"[{UNSPACED}]")


def has_unspaced(text: str) -> bool:
    """Whether `text` holds a character of a script without blanks between words."""
    return not text.isascii() and _UNSPACED.search(text) is not None
