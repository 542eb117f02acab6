"""A batch that does not fit the memory is computed in parts, whose gradients add up."""

import logging
from collections.abc import Callable

import torch

from components.contracts.errors import HuggingtweetsError
from components.train.data import Batch, rows_of
from components.train.state import TrainState

log = logging.getLogger(__name__)

SIGNS = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")
"""In the messages of RuntimeErrors that torch raises where memory is out, in lower case."""


class OutOfMemoryError(HuggingtweetsError):
    """Not even a single post fits the memory."""


def fitting(
    state: TrainState,
    batch: Batch,
    compute: Callable[[list[Batch]], float],
    drop: Callable[[], None] = lambda: None,
) -> float:
    """What `compute` makes of `batch`, which it gets in `state.parts` parts, or more if it must.

    Where the memory is out, `drop` undoes what was computed, and the parts are halved from then on.

    Raises:
        OutOfMemoryError: a part of one post does not fit either.
    """
    while True:
        try:
            return compute(in_parts(batch, state.parts))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if state.parts >= len(batch.inputs):
                raise _too_large(batch) from error
        drop()  # after the except clause, whose error holds the tensors of what failed
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        state.parts *= 2
        log.warning(
            "the memory is out: from step %d on a batch is computed in %d parts, "
            "whose gradients add up",
            *(state.step + 1, state.parts),
        )


def in_parts(batch: Batch, parts: int) -> list[Batch]:
    """The posts of `batch` in at most so many batches, with no more padding than each needs."""
    if parts == 1:
        return [batch]
    size = -(-len(batch.inputs) // parts)
    firsts = range(0, len(batch.inputs), size)
    return [rows_of(batch, slice(first, first + size)) for first in firsts]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory is out, a GPU's or the machine's."""
    said = str(error).lower()
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or any(sign in said for sign in SIGNS)


def _too_large(batch: Batch) -> OutOfMemoryError:
    return OutOfMemoryError(
        f"the memory is out: not even one post of {batch.inputs.shape[1]} tokens fits beside the "
        "model; take --method lora, a smaller base model, or a machine with more memory"
    )
