"""How much of a text stands, word for word, in the training posts."""

from collections.abc import Sequence
from typing import NamedTuple

from components.contracts.reports import Memorised
from components.evaluate.bootstrap import share
from components.text.ngrams import RunIndex, words_of

EIGHT = 8
FEWEST_FOR_HALF = 5
"""Half of a four-word text is two words: everyone shares those."""


class Overlap(NamedTuple):
    """What one text shares with one of the training posts."""

    eight_gram: bool
    """A run of eight words."""
    half: bool
    """A run of at least half of the text's words, and of at least five."""
    exact: bool
    """The same words in the same order."""


def overlap(text: str, training: RunIndex) -> Overlap:
    """Judge one text, however short."""
    words = words_of(text)
    run = training.longest_run(words)
    return Overlap(
        eight_gram=run >= EIGHT,
        half=run >= FEWEST_FOR_HALF and 2 * run >= len(words),
        exact=training.holds(words),
    )


def memorised(texts: Sequence[str], training: RunIndex, seed: int) -> Memorised:
    """The shares of `texts` (at least one) that overlap with a training post, each way."""
    eight_gram, half, exact = zip(*(overlap(text, training) for text in texts), strict=True)
    return Memorised(
        eight_gram=share(eight_gram, seed), half=share(half, seed), exact=share(exact, seed)
    )
