"""From posts to batches: every post alone in its row, rows of like length side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from components.contracts.artifacts import split_file
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import DatasetRow
from components.lm.models import LanguageModel

IGNORED = -100
"""The target of padding, which counts in no loss."""
WINDOW = 16
"""Batches sorted by length together: many enough for little padding, few enough to stay mixed."""


@dataclass(frozen=True)
class Posts:
    """Tokenized posts of one split."""

    ids: list[list[int]]
    """Of each post: start token, text, end token; cut to the context length."""
    cut: int
    """How many posts were cut."""

    @property
    def tokens(self) -> int:
        """How many tokens there are to predict: all but the start tokens."""
        return sum(len(ids) - 1 for ids in self.ids)


@dataclass(frozen=True)
class Batch:
    """Posts side by side, the shorter ones padded on the right."""

    inputs: Tensor
    """Token ids, [posts, longest], the same start token in front of all. Attention looks back only,
    so no post sees its padding."""
    targets: Tensor
    """The next token of each, IGNORED in the padding."""
    tokens: int
    """How many targets count."""
    step: int = 0
    """The number of the step that it is for, on which depends what is drawn at random for it."""

    @property
    def counted(self) -> Tensor:
        """Which targets count, [posts, longest]."""
        return self.targets != IGNORED

    @property
    def lengths(self) -> Tensor:
        """How many targets of each post count, int64 [posts]."""
        return self.counted.sum(dim=1)


def read_posts(dataset: Path, split: str, lm: LanguageModel) -> Posts:
    """Read and tokenize one split of a train-dataset.

    Raises:
        BadInputError: the split is missing, damaged or empty.
    """
    path = dataset / split_file(split)
    texts = [row.text for row in read_rows(path, DatasetRow)]
    if not texts:
        raise BadInputError(f"{path} holds no posts; prepare a dataset with more of them")
    longest = lm.max_positions + 1
    ids = [[lm.start_token_id, *post, lm.end_token_id] for post in lm.encode(texts)]
    return Posts([post[:longest] for post in ids], sum(len(post) > longest for post in ids))


def epoch_batches(
    posts: Posts, batch_tokens: int, order: np.random.Generator, *, packed: bool = False
) -> list[list[int]]:
    """The numbers of the posts of each batch of one epoch, in an order drawn from `order`.

    Posts are shuffled, sorted by length within windows of WINDOW batches, and cut into batches of
    at most `batch_tokens` tokens with their padding (a longer post is a batch of its own). What is
    computed `packed` has no padding, and is not sorted.
    """
    lengths = np.array([len(ids) - 1 for ids in posts.ids])
    shuffled = order.permutation(len(lengths))
    if packed:
        return list(_fill(shuffled, lengths, batch_tokens))
    window = max(1, round(WINDOW * batch_tokens / lengths.mean()))
    batches = [
        batch
        for first in range(0, len(shuffled), window)
        for batch in _cut(shuffled[first : first + window], lengths, batch_tokens)
    ]
    return [batches[number] for number in order.permutation(len(batches))]


def _cut(numbers: np.ndarray, lengths: np.ndarray, batch_tokens: int) -> Iterator[list[int]]:
    """Batches, the longest posts first; an even number of them where it fits, for equal halves."""
    batch: list[int] = []
    for number in sorted(numbers.tolist(), key=lambda number: (-lengths[number], number)):
        wanted = len(batch) + (1 if len(batch) % 2 else 2)
        if batch and lengths[batch[0]] * wanted > batch_tokens:
            yield batch
            batch = []
        batch.append(number)
    yield batch


def _fill(numbers: np.ndarray, lengths: np.ndarray, batch_tokens: int) -> Iterator[list[int]]:
    """Batches of at most so many tokens, in the order of `numbers`."""
    batch: list[int] = []
    tokens = 0
    for number in numbers.tolist():
        if batch and tokens + lengths[number] > batch_tokens:
            yield batch
            batch, tokens = [], 0
        batch.append(number)
        tokens += lengths[number]
    yield batch


def make_batch(posts: Posts, numbers: Sequence[int], device: torch.device, step: int = 0) -> Batch:
    """Put the posts with these numbers side by side on `device`, for a step."""
    rows = [posts.ids[number] for number in numbers]
    longest = max(len(row) for row in rows) - 1
    inputs = torch.zeros(len(rows), longest, dtype=torch.long)
    targets = torch.full((len(rows), longest), IGNORED)
    for at, row in enumerate(rows):
        inputs[at, : len(row) - 1] = torch.tensor(row[:-1])
        targets[at, : len(row) - 1] = torch.tensor(row[1:])
    tokens = sum(len(row) - 1 for row in rows)
    return Batch(inputs.to(device), targets.to(device), tokens, step)


def rows_of(batch: Batch, rows: slice | Sequence[int]) -> Batch:
    """These posts of `batch`, with no more padding than they need."""
    lengths = batch.lengths[rows]
    longest = int(lengths.max())
    inputs, targets = batch.inputs[rows, :longest], batch.targets[rows, :longest]
    return Batch(inputs, targets, int(lengths.sum()), batch.step)


def sample_evenly(posts: Posts, tokens: int) -> Posts:
    """Posts spread evenly over `posts` that hold about `tokens` tokens; all of them if fewer."""
    count = max(1, round(len(posts.ids) * min(1.0, tokens / posts.tokens)))
    chosen = np.linspace(0, len(posts.ids) - 1, count).round().astype(int)
    return Posts([posts.ids[number] for number in chosen], posts.cut)


def in_batches(posts: Posts, batch_tokens: int, device: torch.device) -> list[Batch]:
    """All of `posts` on `device`, sorted by length: little padding, the same batches each time."""
    lengths = np.array([len(ids) - 1 for ids in posts.ids])
    everything = _cut(np.arange(len(lengths)), lengths, batch_tokens)
    return [make_batch(posts, numbers, device) for numbers in everything]
