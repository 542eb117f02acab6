"""Texts as character n-grams: counts of many texts at once, and TF-IDF features from them."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer

from components.text.masks import mask_entities

LONGEST = 4
COLUMNS_IN_BITS = 20
Sparse: TypeAlias = Any
"""A scipy csr_matrix of floats; scipy states no types."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd: spreads keys evenly


class Features:
    """TF-IDF of character 1- to 4-grams, with links, mentions and hashtags masked.

    Args:
        texts: what the frequencies are learned from.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = _masked_counts(texts)
        self._columns = np.unique(counts.indices)
        self._weights = TfidfTransformer(sublinear_tf=True).fit(counts[:, self._columns])

    def of(self, texts: Sequence[str]) -> Sparse:
        """The features of each text: [texts, n-grams learned from], rows of length 1."""
        return self._weights.transform(_masked_counts(texts)[:, self._columns], copy=False)


def _masked_counts(texts: Sequence[str]) -> Sparse:
    return ngram_counts([mask_entities(text) for text in texts])


def ngram_counts(texts: Sequence[str], shortest: int = 1, longest: int = LONGEST) -> Sparse:
    """How often each text holds each n-gram of `shortest` to `longest` characters.

    Returns a matrix [texts, 2**20]: an n-gram's column is a hash of it (Weinberger et al. 2009,
    arXiv:0902.2206), so no vocabulary is kept, texts seen later fit, and all of it is counted by
    array operations: scikit-learn's own analyzers walk through every n-gram in Python.
    """
    codes, rows = _characters(texts)
    columns, owners = [], []
    keys = np.zeros_like(codes)
    for size in range(1, longest + 1):
        keys = (keys[: max(0, len(codes) - size + 1)] + codes[size - 1 :]) * _MULTIPLIER
        keys ^= keys >> np.uint64(29)
        if size >= shortest:
            within = rows[: len(keys)] == rows[size - 1 :]
            columns.append((keys[within] >> np.uint64(64 - COLUMNS_IN_BITS)).astype(np.int32))
            owners.append(rows[: len(keys)][within])
    where = (np.concatenate(owners), np.concatenate(columns))
    shape = (len(texts), 1 << COLUMNS_IN_BITS)
    counts = csr_matrix((np.ones(len(where[0])), where), shape=shape)
    counts.sum_duplicates()
    return counts


def _characters(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """The code points of all texts in a row, from 1, and the number of the text of each."""
    together = "".join(texts).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(together, dtype="<u4").astype(np.uint64) + np.uint64(1)
    sizes = [len(text) for text in texts]
    return codes, np.repeat(np.arange(len(texts), dtype=np.int32), sizes)
