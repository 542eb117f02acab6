"""A small model of an author's bytes: what any language model should beat.

Interpolated Witten-Bell (Witten and Bell 1991, doi:10.1109/18.87000), as in section 2.6 of Chen and
Goodman 1998: p(c | h) = (count(hc) + kinds(h) · p(c | h')) / (count(h) + kinds(h)), where h' is h
without its oldest byte and kinds(h) the number of different symbols seen after h. At the bottom all
257 symbols, the bytes and the end, are equally likely.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ORDER = 5
"""How many bytes before a symbol the model looks at."""
SYMBOLS = 257
END, START = 256, 257
_BITS = 9  # a symbol's width in a packed context: 5 + 1 symbols fit into 64 bits


class _ContextCounts(NamedTuple):
    """What the training posts hold for contexts of one length."""

    symbols: NDArray[np.int64]
    """Each context with a symbol after it, packed, sorted."""
    symbol_counts: NDArray[np.int64]
    contexts: NDArray[np.int64]
    """Each context, packed, sorted."""
    context_counts: NDArray[np.int64]
    kinds: NDArray[np.int64]
    """How many different symbols were seen after it."""


class ByteModel:
    """The model of `texts`; each begins after a start symbol and finishes with an end."""

    def __init__(self, texts: Sequence[str]) -> None:
        symbols, histories, _ = _read(texts)
        self._seen = [_count(symbols, _latest(histories, order)) for order in range(ORDER + 1)]

    def post_bits(self, texts: Sequence[str]) -> list[float]:
        """The bits for each text: the sum of -log2 p over its UTF-8 bytes and its end."""
        symbols, histories, owners = _read(texts)
        chance = np.full(len(symbols), 1 / SYMBOLS)
        for order, seen in enumerate(self._seen):
            contexts = _latest(histories, order)
            after = _found(seen.symbols, seen.symbol_counts, contexts << _BITS | symbols)
            times = _found(seen.contexts, seen.context_counts, contexts)
            kinds = _found(seen.contexts, seen.kinds, contexts)
            known = times > 0
            smoothed = after[known] + kinds[known] * chance[known]
            chance[known] = smoothed / (times[known] + kinds[known])
        sums = np.bincount(owners, -np.log2(chance), minlength=len(texts))
        return [float(bits) for bits in sums]


def _read(
    texts: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Every symbol of `texts`, the packed history before it, and the number of its text."""
    padding = [START] * ORDER
    rows = [np.array([*padding, *text.encode(), END], dtype=np.int64) for text in texts]
    every = np.concatenate([np.empty(0, np.int64), *rows])
    sizes = [len(row) for row in rows]
    owners = np.repeat(np.arange(len(rows), dtype=np.int32), sizes)
    histories = np.zeros_like(every)
    for back in range(ORDER, 0, -1):
        histories[back:] |= every[:-back] << _BITS * (back - 1)
    real = every != START
    return every[real], histories[real], owners[real]


def _latest(histories: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """The `order` latest symbols of each history."""
    return histories & ((1 << _BITS * order) - 1)


def _count(symbols: NDArray[np.int64], contexts: NDArray[np.int64]) -> _ContextCounts:
    kinds_of, symbol_counts = np.unique(contexts << _BITS | symbols, return_counts=True)
    known, first = np.unique(kinds_of >> _BITS, return_index=True)
    sums = np.add.reduceat(symbol_counts, first) if len(known) else symbol_counts
    return _ContextCounts(kinds_of, symbol_counts, known, sums, np.diff([*first, len(kinds_of)]))


def _found(
    keys: NDArray[np.int64], values: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The value of each wanted key, 0 for those that are not there."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
