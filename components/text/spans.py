"""Which runs of words a collection of posts holds, and how such runs begin, without a post at hand.

`SpanFilter` knows whole runs of eight words, and hardly ever takes another for one. `Beginnings`
knows the first two to seven words of runs, and takes one of eight others for one on purpose: a
server that streams needs to be told when no run can begin, but who walks from word to word through
a dictionary finds false ways everywhere, and learns at most three bits from each answer.
"""

from collections.abc import Iterable, Sequence

from components.text.bloom import RUN, KeyedBloom
from components.text.ngrams import words_of

SPANS = "spans.bloom"
BEGINNINGS = "beginnings.bloom"
"""The files' names in a published version."""


class SpanFilter(KeyedBloom):
    """Tells whether a run of eight words stands in one of the posts: 29 bits for each run."""

    FORMAT = "huggingtweets-spans-1"
    FALSE_ALARMS = 1e-6
    HOLDS = "spans"

    @classmethod
    def of(cls, texts: Iterable[str], key: bytes) -> "SpanFilter":
        """The filter of these texts; equal texts and keys give equal bytes."""
        return cls.of_runs(_runs_of(texts), key)


class Beginnings(KeyedBloom):
    """Tells whether words may begin a run of eight that one of the posts holds: 26 bits a run."""

    FORMAT = "huggingtweets-beginnings-1"
    FALSE_ALARMS = 1 / 8
    HOLDS = "beginnings of spans"

    @classmethod
    def of(cls, texts: Iterable[str], key: bytes) -> "Beginnings":
        """The filter of these texts; equal texts and keys give equal bytes."""
        beginnings = {run[:size] for run in _runs_of(texts) for size in range(2, RUN)}
        return cls.of_runs(beginnings, key)

    def held(self, words: Sequence[str]) -> int:
        """How many of the last words may be the beginning of a run that the next words complete.

        A single word always may: most words of an author begin some run.
        """
        sizes = range(min(RUN - 1, len(words)), 1, -1)
        return next((size for size in sizes if words[-size:] in self), min(len(words), 1))


def _runs_of(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Every run of eight words in one of the texts."""
    posts = map(words_of, texts)
    return {words[at : at + RUN] for words in posts for at in range(len(words) - RUN + 1)}
