"""How many threads torch computes with."""

import os

import torch

from components.runtime.processors import THREADS_VARIABLE, processors


def limit_threads() -> None:
    """Compute with no more threads than this pod has processors, unless the environment decides."""
    if not os.environ.get(THREADS_VARIABLE):
        torch.set_num_threads(min(torch.get_num_threads(), processors()))
