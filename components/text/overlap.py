"""What a text copies from a collection of posts, by the three measures of memorisation."""

from typing import NamedTuple

from components.text.ngrams import RunIndex, words_of

EIGHT = 8
FEWEST_FOR_HALF = 5
"""Half of a four-word text is two words: everyone shares those."""


class Overlap(NamedTuple):
    """What one text shares with one post of the collection."""

    eight_gram: bool
    """A run of eight words."""
    half: bool
    """A run of at least half of the text's words, and of at least five."""
    exact: bool
    """The same words in the same order."""


def overlap(text: str, posts: RunIndex) -> Overlap:
    """Judge one text, however short."""
    words = words_of(text)
    run = posts.longest_run(words)
    return Overlap(
        eight_gram=run >= EIGHT,
        half=run >= FEWEST_FOR_HALF and 2 * run >= len(words),
        exact=posts.holds(words),
    )
