"""`components.train`, the second of whose processes has little memory."""

import os
import sys
from typing import Any

from torch import Tensor

from components.train import stage
from components.train.__main__ import main
from components.train.data import Batch
from components.train.loss import LossFunction, loss_function

MOST_POSTS = 1
"""That the second process has memory for at once."""

SAID = "the second process has no memory left"


def in_little_memory(model: Any, probe: Batch) -> LossFunction:
    """As `loss_function`, but memory is out where a batch has more posts than that."""
    known = loss_function(model, probe)

    def loss_of(batch: Batch) -> Tensor:
        loss = known(batch)
        if len(batch.inputs) > MOST_POSTS and loss.requires_grad:
            print(SAID, file=sys.stderr)
            raise MemoryError
        return loss

    return loss_of


if __name__ == "__main__":
    if os.environ["RANK"] == "1":
        stage.loss_function = in_little_memory
    sys.exit(main(sys.argv[1:]))
