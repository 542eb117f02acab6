"""How much texts repeat each other."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from components.contracts.evaluation import DiversityScores, Measure
from components.evaluate.measures.bootstrap import mean, ratio
from components.text.ngrams import words_of

LONGEST = 4
Words: TypeAlias = tuple[str, ...]


def diverse(texts: Sequence[str], *, tokens: int, compared: int, seed: int) -> DiversityScores:
    """Both measures of `texts`.

    Args:
        texts: at least one.
        tokens: how many words, from the first text on, `distinct_2` is taken on: more words repeat
            more, so only equal numbers compare.
        compared: how many texts, evenly chosen, `self_bleu_4` is taken on, for the same reason.
        seed: of the bootstrap.
    """
    posts = [words_of(text) for text in texts]
    chosen = np.linspace(0, len(posts) - 1, min(compared, len(posts))).round().astype(int)
    return DiversityScores(
        distinct_2=_distinct_2(_first(posts, tokens), seed),
        self_bleu_4=mean(self_bleu([posts[at] for at in chosen]), seed),
    )


def _first(posts: Iterable[Words], tokens: int) -> list[Words]:
    """The first `tokens` words, the last post cut."""
    kept = []
    for post in posts:
        kept.append(post[:tokens])
        tokens -= len(kept[-1])
    return kept


def _distinct_2(posts: Sequence[Words], seed: int) -> Measure:
    """Different pairs of neighbouring words by all such pairs (Li et al. 2016, arXiv:1510.03055).

    A pair that is there n times counts 1/n each time, so that every post has its part in the sum;
    a post drawn twice then does not look like a repetition.
    """
    times = Counter(pair for post in posts for pair in pairwise(post))
    parts = [sum(1 / times[pair] for pair in pairwise(post)) for post in posts]
    pairs = [max(0, len(post) - 1) for post in posts]
    return ratio(parts, pairs, seed) if times else mean([0.0], seed)


def self_bleu(posts: Sequence[Words]) -> list[float]:
    """The BLEU-4 of each post with all others as its references, 0 to 1 (arXiv:1802.01886).

    As sacrebleu's sentence BLEU has it (effective order, exponential smoothing), which would count
    the references anew for each of n posts: here the n-grams of all are counted once, keeping the
    two largest counts of each, so that a post can leave its own out.
    """
    grams = [[_ngrams(post, size) for post in posts] for size in range(1, LONGEST + 1)]
    largest = [_two_largest(counted) for counted in grams]
    lengths = np.array([len(post) for post in posts])
    scores = []
    for number, post in enumerate(posts):
        matches = [
            _clipped(counted[number], most) for counted, most in zip(grams, largest, strict=True)
        ]
        others = np.delete(lengths, number)
        scores.append(_bleu(matches, len(post), others))
    return scores


def _ngrams(post: Words, size: int) -> Counter[Words]:
    return Counter(post[start : start + size] for start in range(len(post) - size + 1))


def _two_largest(counted: Sequence[Counter[Words]]) -> dict[Words, tuple[int, int]]:
    """For each n-gram the largest and the second largest count in one post."""
    largest: dict[Words, tuple[int, int]] = {}
    for counts in counted:
        for gram, count in counts.items():
            first, second = largest.get(gram, (0, 0))
            largest[gram] = (max(first, count), max(second, min(first, count)))
    return largest


def _clipped(counts: Counter[Words], largest: dict[Words, tuple[int, int]]) -> int:
    """How many n-grams of a post stand in one other post as often."""
    matched = 0
    for gram, count in counts.items():
        first, second = largest[gram]
        matched += min(count, second if first == count else first)
    return matched


def _bleu(matches: Sequence[int], length: int, others: NDArray[np.int64]) -> float:
    """Papineni et al. 2002, with the smoothing of mteval-v13a that sacrebleu calls `exp`."""
    if not any(matches) or not len(others):
        return 0.0
    logs, halved = [], 1.0
    for size, matched in enumerate(matches, 1):
        total = length - size + 1
        if total < 1:
            break
        if not matched:
            halved /= 2
        logs.append(np.log((matched or halved) / total))
    closest = min(others, key=lambda other: (abs(other - length), other))
    penalty = min(0.0, 1 - closest / length)
    return float(np.exp(penalty + np.mean(logs)))
