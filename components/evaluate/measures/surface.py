"""How texts look: their length, their words, their marks."""

from collections.abc import Callable, Sequence

import numpy as np
import regex

from components.contracts.evaluation import Measure, Surface
from components.evaluate.measures.bootstrap import Floats, distance
from components.evaluate.measures.characters import ngram_counts
from components.text.graphemes import count_graphemes
from components.text.masks import HASHTAG, MENTION
from components.text.ngrams import words_of

_EMOJI = regex.compile(r"(?=[\p{Emoji_Presentation}\p{RI}]|\p{Emoji}\uFE0F)\X")
COUNTS: dict[str, Callable[[str], int]] = {
    "length": count_graphemes,
    "words": lambda text: len(words_of(text)),
    "hashtags": lambda text: len(HASHTAG.findall(text)),
    "mentions": lambda text: len(MENTION.findall(text)),
    "emoji": lambda text: len(_EMOJI.findall(text)),
    "exclamations": lambda text: text.count("!"),
    "questions": lambda text: text.count("?"),
    "capitals": lambda text: sum(map(str.isupper, text)),
}
"""What is counted in a text, by the names of the measures."""
TRIGRAM_RESAMPLES = 200
"""Each takes as long as the trigrams are many."""


def surface(texts: Sequence[str], real: Sequence[str], seed: int) -> Surface:
    """How far `texts` look unlike `real` posts; at least one of each."""
    counted = {
        name: _wasserstein([count(text) for text in texts], [count(text) for text in real], seed)
        for name, count in COUNTS.items()
    }
    return Surface(**counted, trigrams=_jensen_shannon(texts, real, seed))


def _wasserstein(ours: Sequence[int], theirs: Sequence[int], seed: int) -> Measure:
    """The area between the two cumulative distributions (Vallender 1974, doi:10.1137/1118101)."""
    steps = np.arange(min(*ours, *theirs), max(*ours, *theirs))
    left, right = (
        (np.array(side)[:, None] <= steps[None, :]).astype(float) for side in (ours, theirs)
    )

    def area(our_weights: Floats, their_weights: Floats) -> Floats:
        ahead = our_weights @ left / len(ours) - their_weights @ right / len(theirs)
        return np.asarray(np.abs(ahead).sum(axis=1))

    return distance(area, len(ours), len(theirs), seed)


def _jensen_shannon(ours: Sequence[str], theirs: Sequence[str], seed: int) -> Measure:
    """The divergence of the character trigrams, in bits, 0 to 1 (Lin 1991)."""
    counts = ngram_counts([*ours, *theirs], 3, 3)
    counts = counts[:, np.unique(counts.indices)]
    left, right = counts[: len(ours)], counts[len(ours) :]

    def divergence(our_weights: Floats, their_weights: Floats) -> Floats:
        p, q = _shares(our_weights @ left), _shares(their_weights @ right)
        middle = (p + q) / 2
        return np.asarray((_relative(p, middle) + _relative(q, middle)) / 2)

    return distance(divergence, len(ours), len(theirs), seed, TRIGRAM_RESAMPLES)


def _shares(counts: Floats) -> Floats:
    sums = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(counts, sums, out=np.zeros_like(counts), where=sums > 0))


def _relative(p: Floats, q: Floats) -> Floats:
    """Kullback-Leibler divergences of rows, in bits; q is above 0 wherever p is."""
    part = np.divide(p, q, out=np.ones_like(p), where=p > 0)
    return np.asarray((p * np.log2(part, where=part > 0, out=np.zeros_like(part))).sum(axis=1))
