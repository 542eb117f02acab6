"""The `classic` preset: the five rules of the original huggingtweets, bit for bit.

They are kept as they were, with what they get wrong, so that counts stay comparable.
"""

import re

from components.contracts.posts import RETWEET, Post
from components.prepare.posts import Cleaned, Drop

_FEWEST_WORDS = 3


def _link_patterns(start: str) -> tuple[re.Pattern[str], ...]:
    forms = (f" {start}\\S+", f"{start}\\S+ ", f"\n{start}\\S+ ", f"\n{start}\\S+", f"{start}\\S+")
    return tuple(map(re.compile, forms))


_LINKS = tuple((start, _link_patterns(start)) for start in ("http:", "https:"))


def begins_as_retweet(text: str) -> bool:
    """Rule 1: the text alone tells, whatever the source says of the post."""
    return RETWEET.match(text) is not None


def clean_classic(post: Post) -> Cleaned | Drop:
    """Apply the five rules to one post."""
    if begins_as_retweet(post.text):
        return Drop.RETWEET
    text = post.text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    for start, patterns in _LINKS:
        if start in text:  # as no pattern matches without it
            for pattern in patterns:
                text = pattern.sub("", text)
    words = text.split()
    return Drop.SHORT if _is_short(words) else Cleaned(" ".join(words))


def _is_short(words: list[str]) -> bool:
    count = 0
    for word in words:
        lower = word.lower()
        if "http" not in lower and "@" not in lower and "#" not in lower:
            count += 1
            if count == _FEWEST_WORDS:
                return False
    return True
