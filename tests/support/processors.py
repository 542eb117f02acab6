"""A pod that has one processor of a machine with more."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import torch


@contextmanager
def one_processor() -> Iterator[None]:
    """Let a step see one processor, and compute with two threads unless it asks."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with patch("components.lm.threads.processors", lambda: 1), patch.dict("os.environ") as own:
            own.pop("OMP_NUM_THREADS", None)
            yield
    finally:
        torch.set_num_threads(before)
