"""Near-duplicates: of posts that say nearly the same, only the earliest stays."""

import math
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

import regex

from components.text.scripts import UNSPACED, has_unspaced

SIMILARITY = 0.7
"""The Jaccard similarity of two posts' shingles from which they count as the same."""
SHINGLE_WORDS = 3

# Characters of scripts without blanks count as words, each with its marks.
_WORD_OR_CHARACTER = regex.compile(rf"[{UNSPACED}]\p{{M}}*|(?:(?![{UNSPACED}])\w)+")
_WORD = regex.compile(r"\w+")
_WORD_BITS = 21
_LAST_WORD = (1 << _WORD_BITS) - 1  # two million words; what would come after shares this number


def without_near_duplicates(texts: Sequence[str]) -> list[int]:
    """The positions of the texts that are not nearly equal to an earlier one that stays.

    Two texts are nearly equal if the sets of their runs of three words share at least 70% (Jaccard
    similarity); a text of fewer words is one such run itself. Case and punctuation do not count.

    Pairs are found exactly, without comparing all: sets that similar share at least one of each
    one's rarest few runs ("prefix filter": Chaudhuri, Ganti and Kaushik, ICDE 2006), and most of
    these stand in one text only, so time grows nearly linearly.
    """
    sets = _Shingles(texts)
    repeated = sets.counts_of_repeated()
    index: dict[int, list[int]] = defaultdict(list)
    staying: dict[int, tuple[int, frozenset[int]]] = {}
    kept = []
    for place, shingles in enumerate(sets):
        size = len(shingles)
        common = sorted((s for s in shingles if s in repeated), key=lambda s: (repeated[s], s))
        prefix = common[: max(0, _prefix_length(size) - (size - len(common)))]
        shared = frozenset(common)
        rivals = {rival for shingle in prefix for rival in index.get(shingle, ())}
        if any(_are_near(size, shared, *staying[rival]) for rival in rivals):
            continue
        kept.append(place)
        if prefix:
            staying[place] = size, shared
        for shingle in prefix:
            index[shingle].append(place)
    return kept


def _are_near(size: int, shared: frozenset[int], size2: int, shared2: frozenset[int]) -> bool:
    """Whether two sets reach the similarity, given their sizes and what of them others share."""
    if min(size, size2) < SIMILARITY * max(size, size2):
        return False
    overlap = len(shared & shared2)
    return overlap / (size + size2 - overlap) >= SIMILARITY


def _prefix_length(size: int) -> int:
    """How many of its rarest shingles a set of `size` must be looked up by.

    A set that is near to it holds at least 70% of its shingles, so it cannot miss all of these.
    """
    return size - math.ceil(SIMILARITY * size - 1e-9) + 1


class _Shingles:
    """The shingle sets of the texts, each shingle a number, in one compact array."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._vocabulary: dict[str, int] = {}
        self._all = array("Q")
        self._ends = array("Q")
        for text in texts:
            self._all.extend(self._shingles(text))
            self._ends.append(len(self._all))

    def __iter__(self) -> Iterator["array[int]"]:
        start = 0
        for end in self._ends:
            yield self._all[start:end]
            start = end

    def counts_of_repeated(self) -> dict[int, int]:
        """In how many texts each shingle stands that stands in more than one."""
        runs = ((shingle, sum(1 for _ in run)) for shingle, run in groupby(sorted(self._all)))
        return {shingle: count for shingle, count in runs if count > 1}

    def _shingles(self, text: str) -> set[int]:
        """The text's runs of three words; words without letters fall back on the whole text."""
        folded = text.casefold()
        pattern = _WORD_OR_CHARACTER if has_unspaced(folded) else _WORD
        words = pattern.findall(folded) or [folded]
        numbers = [self._number(word) for word in words]
        if len(numbers) < SHINGLE_WORDS:
            numbers += [0] * (SHINGLE_WORDS - len(numbers))
        triples = zip(numbers, numbers[1:], numbers[2:], strict=False)
        return {(a << 2 * _WORD_BITS) | (b << _WORD_BITS) | c for a, b, c in triples}

    def _number(self, word: str) -> int:
        """The word's number, from 1: 0 stands where a text has no third word."""
        return self._vocabulary.setdefault(word, min(len(self._vocabulary) + 1, _LAST_WORD))
