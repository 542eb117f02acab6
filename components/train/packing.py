"""Posts one behind the other in a row: no padding is computed, attention keeps them apart.

The token that they all start with sees nothing of them, so it stands in the row once, before them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from components.train.data import Batch

_now = threading.local()


def lengths_of_the_row(tokens: int) -> Tensor:
    """How many tokens each post has of the row that this thread's model computes, int64 [posts].

    The first token is one of each post. All of its `tokens` are one post's where nobody said
    otherwise.
    """
    lengths: Tensor | None = getattr(_now, "lengths", None)
    return torch.tensor([tokens]) if lengths is None else lengths


@contextmanager
def apart(lengths: Tensor) -> Iterator[None]:
    """Have the attention of this thread's model see posts of these lengths in a row."""
    _now.lengths = lengths
    try:
        yield
    finally:
        del _now.lengths


def run_packed(part: Any, batch: Batch) -> Tensor:
    """What `part`, a model or its body, gives for each token of `batch` that counts.

    [tokens, width], post after post, with the first token for each of them.
    """
    counted = batch.counted
    in_row = counted.clone()
    in_row[1:, 0] = False
    positions = torch.arange(batch.inputs.shape[1], device=batch.inputs.device)
    with apart(batch.lengths):
        out: Tensor = part(
            input_ids=batch.inputs[in_row][None],
            position_ids=positions.expand_as(batch.inputs)[in_row][None],
            use_cache=False,
        )[0]
    places = in_row.flatten().cumsum(0).view_as(in_row) - 1
    places[:, 0] = 0
    return out[0].index_select(0, places[counted])


def run_in_rows(part: Any, batch: Batch) -> Tensor:
    """The same, computed with a row for each post and its padding."""
    out: Tensor = part(input_ids=batch.inputs, use_cache=False)[0]
    return out[batch.counted]
