"""Whether a base model can learn to write at all: tried on a few tokens before any training."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from components.contracts.errors import BadInputError
from components.lm.models import LanguageModel

TOKENS = 8
TOLERANCE = 1e-3
"""Of the largest logit: what rounding may change."""


def check_can_write(lm: LanguageModel, post: Sequence[int]) -> None:
    """Make sure that the model reads from left to right, and goes on from what it has read.

    Args:
        lm: the model.
        post: the tokens of any post.

    Raises:
        BadInputError: it looks ahead, so it would learn to copy the token that it has to predict,
            or it keeps nothing of what it has read, so that no server could run it.
    """
    ids = list(post[:TOKENS])
    other = [*ids[:-1], int(ids[-1] == 0)]
    inputs = torch.tensor([ids, other], device=lm.device)
    with torch.no_grad():
        output: Any = lm.model(input_ids=inputs, use_cache=True)
    name = type(lm.model).__name__
    if not _agree(*output.logits[:, :-1].float()):
        raise BadInputError(
            f"the base model ({name}) reads texts in both directions, so it cannot learn to write "
            "them; take one that reads from left to right"
        )
    if output.get("cache") is None:
        raise BadInputError(
            f"the base model ({name}) keeps no keys and values of what it has read, so the server "
            "cannot run it; take another one"
        )


def _agree(one: Tensor, other: Tensor) -> bool:
    largest = float(one.abs().max())
    return bool((one - other).abs().max() <= TOLERANCE * max(largest, 1e-6))
