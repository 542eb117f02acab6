"""How much of what a model writes stands, word for word, in the training posts."""

from collections.abc import Sequence

from components.contracts.evaluation import MemorisationScores
from components.evaluate.measures.bootstrap import share_of
from components.text.ngrams import RunIndex
from components.text.overlap import overlap


def memorised(texts: Sequence[str], training: RunIndex, seed: int) -> MemorisationScores:
    """The shares of `texts` (at least one) that overlap with a training post, each way."""
    eight_gram, half, exact = zip(*(overlap(text, training) for text in texts), strict=True)
    return MemorisationScores(
        eight_gram=share_of(eight_gram, seed),
        half=share_of(half, seed),
        exact=share_of(exact, seed),
    )
