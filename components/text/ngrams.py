"""Words, and the longest run of them that a text shares with one post of a collection."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_BOUNDARY = 0
"""Stands after every post, so that no run crosses from one post into the next."""
_UNKNOWN = -1
"""A word that no post of the collection holds."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of `text`: `\\w+(?:['’]\\w+)*` after NFC and case folding."""
    return tuple(_WORD.findall(unicodedata.normalize("NFC", text).casefold()))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where the words of `text`, in NFC, begin and end."""
    return [match.span() for match in _WORD.finditer(unicodedata.normalize("NFC", text))]


class SharedRun(NamedTuple):
    """A run of words that a text shares with one post."""

    start: int
    """The number of its first word in the text."""
    length: int
    """How many words it has; 0 where nothing is shared."""
    post: int | None
    """The number of a post that has it."""


class RunIndex:
    """A collection of posts that tells how much of a text stands in one of them.

    A suffix array over all words: the longest run that starts at a word of the text is shared with
    a neighbour of the place where the text's remainder would sort in. Memory and time to build grow
    with the collection's words (n log n), a question's time with the text's words alone.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        posts = [words_of(text) for text in texts]
        self._posts = frozenset(posts)
        self._ids = {word: number for number, word in enumerate(_vocabulary(posts), 1)}
        self._words: list[int] = []
        self._starts: list[int] = []
        for post in posts:
            self._starts.append(len(self._words))
            self._words += [self._ids[word] for word in post]
            self._words.append(_BOUNDARY)
        longest = max((len(post) for post in posts), default=0)
        self._suffixes = _sorted_suffixes(np.array(self._words, dtype=np.int64), longest)

    def holds(self, words: Sequence[str]) -> bool:
        """Whether some post has exactly these words in this order."""
        return tuple(words) in self._posts

    def longest_run(self, words: Sequence[str]) -> int:
        """How many words the longest run of `words` has that stands in one post."""
        return self.longest(words).length

    def longest(self, words: Sequence[str]) -> SharedRun:
        """The longest run of `words` that stands in one post, the first of equals."""
        known = [self._ids.get(word, _UNKNOWN) for word in words]
        start, length, place = 0, 0, None
        for first in range(len(known)):
            shared, at = self._run_from(known[first:])
            if shared > length:
                start, length, place = first, shared, at
        post = None if place is None else bisect_right(self._starts, place) - 1
        return SharedRun(start, length, post)

    def _run_from(self, words: list[int]) -> tuple[int, int]:
        """How many of the first `words` stand in one post, and where in the collection."""
        size = len(words)
        place = bisect_left(self._suffixes, words, key=lambda at: self._words[at : at + size])
        neighbours = self._suffixes[max(place - 1, 0) : place + 1]
        shared = ((_common(words, self._words[at : at + size]), at) for at in neighbours)
        return max(shared, default=(0, 0))


def _vocabulary(posts: Sequence[tuple[str, ...]]) -> list[str]:
    return sorted({word for post in posts for word in post})


def _sorted_suffixes(words: NDArray[np.int64], longest: int) -> list[int]:
    """The starts of all suffixes, ordered by their first `longest` words and one more at least.

    Prefix doubling (Manber and Myers, "Suffix arrays", 1993): each pass orders by twice as many
    words as the pass before, from the ranks of the two halves.
    """
    rank = words
    order = np.argsort(rank, kind="stable")
    width = 1
    while width <= longest:
        half = np.concatenate([rank[width:], np.full(min(width, len(rank)), -1)])
        key = rank * (int(rank.max()) + 2) + half + 1
        order = np.argsort(key, kind="stable")
        steps = np.concatenate([[0], np.diff(key[order]) != 0])
        rank = np.empty_like(rank)
        rank[order] = np.cumsum(steps)
        width *= 2
    return [int(start) for start in order]


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    """How many words the two have in common at their start."""
    pairs = zip(left, right, strict=False)
    return next(
        (number for number, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right))
    )
