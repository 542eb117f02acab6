"""Near-duplicates: of posts that say nearly the same, only the earliest stays."""

import math
from array import array
from collections.abc import Mapping, Sequence

import numpy as np
import regex

from components.text.scripts import UNSPACED, has_unspaced

SIMILARITY = 0.7
"""The Jaccard similarity of two posts' shingles from which they count as the same."""
SHINGLE_WORDS = 3
_SHARE = SIMILARITY / (1 + SIMILARITY)

# Characters of scripts without blanks count as words, each with its marks.
_WORD_OR_CHARACTER = regex.compile(rf"[{UNSPACED}]\p{{M}}*|(?:(?![{UNSPACED}])\w)+")
_WORD = regex.compile(r"\w+")
_WORD_BITS = 21
_LAST_WORD = (1 << _WORD_BITS) - 1  # two million words; what would come after shares this number


def without_near_duplicates(texts: Sequence[str]) -> list[int]:
    """The positions of the texts that are not nearly equal to an earlier one that stays.

    Two texts are nearly equal if the sets of their runs of three words share at least 70% (Jaccard
    similarity); a text of fewer words is one such run itself. Case and punctuation do not count.

    Pairs are found exactly, without comparing all: two such sets, each in the order of rarity, have
    a run in common near their beginnings (the prefix and positional filters of PPJoin: Xiao, Wang,
    Lin and Yu, WWW 2008). Most runs stand in one text only, so time grows nearly linearly.
    """
    shingles = _Shingles(texts)
    rarity = shingles.counts_of_repeated()
    index: dict[int, dict[_SizeAndRank, list[int]]] = {}
    kept = []
    for place in range(len(texts)):
        own = shingles.of(place)
        size = len(own)
        common = sorted((rarity[s], s) for s in own if s in rarity)
        first = size - len(common)  # the runs of this text alone are the rarest
        prefix = list(enumerate((s for _, s in common[: _prefix_length(size) - first]), first))
        if prefix and _has_near(shingles, index, own, prefix):
            continue
        kept.append(place)
        for rank, shingle in prefix:
            index.setdefault(shingle, {}).setdefault((size, rank), []).append(place)
    return kept


_SizeAndRank = tuple[int, int]
"""Of a set, how many runs it has; of one of them, how many of the set are rarer."""


def _has_near(
    shingles: "_Shingles",
    index: Mapping[int, Mapping[_SizeAndRank, list[int]]],
    own: "array[int]",
    prefix: Sequence[tuple[int, int]],
) -> bool:
    """Whether the index holds a set near to `own`, looked up by its rarest runs."""
    mine, size = set(own), len(own)
    seen: set[int] = set()
    for rank, shingle in prefix:
        for (size2, rank2), places in index.get(shingle, {}).items():
            needed = _needed(size, size2)
            if min(size - rank, size2 - rank2, size2, size) >= needed:
                for place in places:
                    if place not in seen:
                        seen.add(place)
                        if len(mine.intersection(shingles.of(place))) >= needed:
                            return True
    return False


def _needed(size: int, size2: int) -> int:
    """How many runs two sets of these sizes share at the least, to be near: J >= s/(1+s)(a+b)."""
    return math.ceil((size + size2) * _SHARE - 1e-9)


def _prefix_length(size: int) -> int:
    """How many of its rarest shingles a set of `size` must be looked up by.

    A set that is near to it holds at least 70% of its shingles, so it cannot miss all of these.
    """
    return size - math.ceil(SIMILARITY * size - 1e-9) + 1


class _Shingles:
    """The shingle sets of the texts, each shingle a number, in one compact array."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._vocabulary = _Vocabulary()
        self._all = array("Q")
        self._ends = array("Q", [0])
        for text in texts:
            self._all.extend(self._shingles(text))
            self._ends.append(len(self._all))

    def of(self, place: int) -> "array[int]":
        """The shingles of the text at `place`, each once."""
        return self._all[self._ends[place] : self._ends[place + 1]]

    def counts_of_repeated(self) -> dict[int, int]:
        """In how many texts each shingle stands that stands in more than one."""
        values, counts = np.unique(np.frombuffer(self._all, np.uint64), return_counts=True)
        repeated = counts > 1
        return dict(zip(values[repeated].tolist(), counts[repeated].tolist(), strict=True))

    def _shingles(self, text: str) -> set[int]:
        """The text's runs of three words; words without letters fall back on the whole text."""
        folded = text.casefold()
        pattern = _WORD_OR_CHARACTER if has_unspaced(folded) else _WORD
        words = pattern.findall(folded) or [folded]
        numbers = [self._vocabulary[word] for word in words]
        if len(numbers) < SHINGLE_WORDS:
            numbers += [0] * (SHINGLE_WORDS - len(numbers))
        triples = zip(numbers, numbers[1:], numbers[2:], strict=False)
        return {(a << 2 * _WORD_BITS) | (b << _WORD_BITS) | c for a, b, c in triples}


class _Vocabulary(dict[str, int]):
    """The words' numbers, from 1: 0 stands where a text has no third word."""

    def __missing__(self, word: str) -> int:
        number = self[word] = min(len(self) + 1, _LAST_WORD)
        return number
