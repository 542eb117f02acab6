"""Whose a text seems to be: the author's, or one of the reference authors'."""

import math
import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from components.contracts.evaluation import AttributionScores
from components.evaluate.measures.bootstrap import share_of
from components.evaluate.measures.characters import Features

AT_ONCE = 5
"""Texts in a bundle."""
NONSENSE = 0.05
"""Texts of scattered letters for each real one."""


class AuthorshipClassifier:
    """Tells the author's style from others', by characters alone: topics are masked.

    A logistic regression over TF-IDF of character 1- to 4-grams, fitted on training posts, both
    sides weighing the same however many posts they have. Among the others is one who writes the
    author's letters in any order: what is nobody's language is not the author's either.

    Args:
        own: the author's training posts, at least one.
        others: those of the reference authors, at least one.
        seed: of the letters' order.
    """

    def __init__(self, own: Sequence[str], others: Sequence[str], seed: int) -> None:
        chance = random.Random(seed)
        nonsense = [
            "".join(chance.sample(text, len(text)))
            for text in chance.choices(own, k=math.ceil(NONSENSE * (len(own) + len(others))))
        ]
        texts = [*own, *others, *nonsense]
        labels = np.repeat([1, 0], [len(own), len(others) + len(nonsense)])
        self._features = Features(texts)
        self._model = classifier().fit(self._features.of(texts), labels)

    def log_odds(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """How much likelier each text is the author's than another's, in nats; above 0 it is."""
        return np.asarray(self._model.decision_function(self._features.of(texts)))

    def chances(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """How likely each text is the author's, 0 to 1, if both were equally likely before."""
        return np.asarray(expit(self.log_odds(texts)))


def classifier() -> LogisticRegression:
    """The classifier behind attribution and detectability alike."""
    return LogisticRegression(C=10.0, class_weight="balanced", tol=1e-3, max_iter=1000)


def attributed(log_odds: NDArray[np.float64], seed: int) -> AttributionScores:
    """The shares of single texts, and of five in a row together, that are the author's."""
    whole = len(log_odds) // AT_ONCE * AT_ONCE
    bundles = log_odds[:whole].reshape(-1, AT_ONCE).sum(axis=1)
    return AttributionScores(
        post=share_of(list(log_odds > 0), seed),
        bundle=share_of(list(bundles > 0), seed) if whole else None,
    )
