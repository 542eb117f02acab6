"""Processes that train together without importing everything anew."""

import os
import sys
from functools import partial
from typing import Any

from torch import Tensor
from torch.multiprocessing.spawn import start_processes

from components.train import launch, sampled_softmax, stage
from components.train.data import Batch
from components.train.group import RANK
from components.train.loss import LossFunction, loss_function

MOST_POSTS = 1
"""That a process which is short of memory has room for at once."""

SAID = "the second process has no memory left"


def fork_group() -> None:
    """In a process that launches some: they are forked from it, where else they are spawned."""
    launch.start_processes = partial(start_processes, start_method="fork")  # type: ignore[attr-defined]


def fork_group_with_a_small_sample() -> None:
    """The same, and they look at few tokens of a vocabulary at a time."""
    fork_group()
    sampled_softmax.COMMONEST = sampled_softmax.DRAWN = 8


def fork_group_short_of_memory() -> None:
    """The same, and the second of them has little memory."""
    fork_group()
    stage.loss_function = _in_little_memory  # type: ignore[attr-defined]


def _in_little_memory(model: Any, probe: Batch, **options: Any) -> LossFunction:
    """As `loss_function`, but memory is out where a batch has more posts than that."""
    known = loss_function(model, probe, **options)
    if os.environ[RANK] != "1":
        return known

    def loss_of(batch: Batch) -> Tensor:
        loss = known(batch)
        if len(batch.inputs) > MOST_POSTS and loss.requires_grad:
            print(SAID, file=sys.stderr)
            raise MemoryError
        return loss

    return loss_of
