"""Telling text that lost its encoding on the way."""

import re

# Bytes of UTF-8 read as if they were cp1252, as a Mac's spreadsheet then saves them, or twice so.
_DAMAGE = re.compile(
    "\ufffd|[\x80-\x9f]|ï¿½|ï¸|ðŸ"
    "|â(?:€|˜|œ|š|ù|„|†|™)"
    "|Ã(?:[\x80-\xbf]|€|‚|ƒ|„|…|†|‡|ˆ|‰|Š|‹|Œ|Ž|‘|’|“|”|•|–|—|˜|™|š|›|œ|ž|Ÿ)"
    "|Â[\xa0-\xbf]"
    "|‰(?:Û|Ï|Â|ö|\xa0)|Ÿ(?:‡|“|’|‘|”|˜)"
)


def is_damaged(text: str) -> bool:
    """Whether `text` holds U+FFFD, C1 controls, or the marks of UTF-8 read as something else."""
    return _DAMAGE.search(text) is not None


def damage_warning(damaged: int, posts: int) -> list[str]:
    """The sentence about the `damaged` ones of `posts`, if there are any."""
    said = f"characters lost their encoding before they came here in {damaged:,} of {posts:,} posts"
    return [said] if damaged else []
