"""How many threads torch computes with."""

import os

import torch

from components.runtime.processors import THREADS_VARIABLE, processors


def limit_threads(sharing: int = 1) -> None:
    """Compute with no more threads than this pod has processors, unless the environment decides.

    They are shared by `sharing` processes.
    """
    if not os.environ.get(THREADS_VARIABLE):
        share = max(1, processors() // sharing)
        torch.set_num_threads(min(torch.get_num_threads(), share))
