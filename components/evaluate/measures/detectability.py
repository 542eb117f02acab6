"""How easily a classifier tells generated texts from real ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.contracts.evaluation import Detectability, Measure
from components.evaluate.measures.attribution import classifier
from components.evaluate.measures.bootstrap import Floats, measure, resample_counts
from components.evaluate.measures.characters import Features

FOLDS = 5
LEAST = 10
"""With fewer texts on one side nothing is said."""


def detectability(real: Sequence[str], generated: Sequence[str], seed: int) -> Detectability:
    """The area under the ROC curve of generated against real, over five folds of texts.

    It is the chance that a generated text is held for more generated than a real one of its fold,
    equal scores counting half (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747). Equal
    texts stay in one fold, or the classifier would learn by heart whose they are.
    """
    if min(len(real), len(generated)) < LEAST:
        return Detectability()
    texts = [*real, *generated]
    labels = np.repeat([0, 1], [len(real), len(generated)])
    groups = np.unique(texts, return_inverse=True)[1]
    vectors = Features(texts).of(texts)
    wins = np.zeros((len(real), len(generated)))
    met = np.zeros_like(wins)
    fold_of = _folds(labels, groups, seed)
    for fold in range(FOLDS):
        train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        if len(set(labels[train])) == 1 or not len(test):
            continue
        scores = classifier().fit(vectors[train], labels[train]).decision_function(vectors[test])
        ours, theirs = test[labels[test] == 0], test[labels[test] == 1] - len(real)
        gap = scores[labels[test] == 1][None, :] - scores[labels[test] == 0][:, None]
        wins[np.ix_(ours, theirs)] = np.where(gap == 0, 0.5, gap > 0)
        met[np.ix_(ours, theirs)] = 1
    return Detectability(auc=_auc(wins, met, seed))


def _folds(labels: NDArray[np.int64], groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The fold of each text: one for all of a group, and each side spread evenly over the folds.

    scikit-learn's StratifiedGroupKFold does the same, one group at a time, and takes longer than
    the classifiers.
    """
    chance = np.random.default_rng(seed)
    generated = np.zeros(groups.max() + 1, bool)
    generated[groups[labels == 1]] = True
    fold = np.empty(len(generated), np.int64)
    for side in (generated, ~generated):
        members = chance.permutation(np.flatnonzero(side))
        fold[members] = np.arange(len(members)) % FOLDS
    return fold[groups]


def _auc(wins: Floats, met: Floats, seed: int) -> Measure | None:
    """Of wins [real, generated] among the pairs that met, with its interval."""
    if not met.any():
        return None
    rows, columns = resample_counts(wins.shape[0], seed), resample_counts(wins.shape[1], seed + 1)
    above = np.einsum("ij,ij->i", rows @ wins, columns)
    below = np.einsum("ij,ij->i", rows @ met, columns)
    drawn = above[below > 0] / below[below > 0]
    return measure(wins.sum() / met.sum(), *np.percentile(drawn, [2.5, 97.5]))
