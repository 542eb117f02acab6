"""Sampled softmax: the loss of a step looks at a part of the vocabulary.

Of a vocabulary of 50,000 tokens an author writes a few thousand, and the products with all others
take a fifth of a small model's training. A step's loss looks at the posts' own tokens, at the
commonest, and at some of the rest, drawn anew for each step. Each of these stands for as many as
were not drawn, so that the sum of exponentials is on average that of the whole vocabulary (Bengio
and Senécal 2008, doi:10.1109/TNN.2007.912312; Jean et al. 2015, arXiv:1412.2007).
"""

from typing import Self

import numpy as np
import torch
from torch import Tensor

from components.train.data import Posts

COMMONEST = 2048
"""Tokens with the lowest ids: single bytes, then what byte-pair encoding met most."""
DRAWN = 2048
WORTHWHILE = 0.5
"""The share of the vocabulary that is looked at, up to which it is worth the gathering."""


class SampledVocabulary:
    """Which tokens the loss of each step looks at."""

    def __init__(self, kept: np.ndarray, size: int, seed: int) -> None:
        """Of a vocabulary of `size` tokens those numbered `kept` are always looked at."""
        self._seed = seed
        self._kept = torch.from_numpy(kept)
        self._rest = np.setdiff1d(np.arange(size), kept)
        self._drawn = min(DRAWN, len(self._rest))
        stands_for = len(self._rest) / max(1, self._drawn)
        self._shift = torch.zeros(len(kept) + self._drawn)
        self._shift[len(kept) :] = float(np.log(max(1.0, stands_for)))
        self._places = torch.full((size,), -1)
        self._places[self._kept] = torch.arange(len(kept))

    @classmethod
    def of(cls, posts: Posts, size: int, seed: int) -> Self | None:
        """That for training on `posts`; None where it would be most of the vocabulary."""
        own = {token for ids in posts.ids for token in ids[1:]}
        kept = np.array(sorted(own.union(range(min(COMMONEST, size)))))
        return cls(kept, size, seed) if len(kept) + DRAWN <= WORTHWHILE * size else None

    def part_of(
        self, weight: Tensor, bias: Tensor | None, targets: Tensor, step: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What step number `step` looks at: rows of `weight` and `bias`, and `targets` in them.

        Shapes: weight [vocabulary, width], bias [vocabulary]. What was drawn teaches the states,
        but stays as it is itself.
        """
        order = np.random.default_rng((self._seed, step))
        drawn = torch.from_numpy(order.choice(self._rest, self._drawn, replace=False))

        def rows(of: Tensor) -> Tensor:
            return torch.cat([of.index_select(0, self._kept), of.detach().index_select(0, drawn)])

        shift = self._shift.to(weight.dtype)
        return rows(weight), shift if bias is None else rows(bias) + shift, self._places[targets]
