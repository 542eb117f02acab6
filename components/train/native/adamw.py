"""AdamW by the library: one pass over gradients, masters, moments and weights."""

import ctypes
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from ctypes import byref, c_double
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import Parameter

from components.train.native.library import load

Result = TypeVar("Result")


class AdamWStep(ctypes.Structure):
    """`struct adamw` of native.h."""

    _fields_ = [
        (name, c_double)
        for name in (
            *("rate", "beta1", "beta2", "eps", "decay"),
            *("correction1", "correction2", "factor"),
        )
    ]


@dataclass(frozen=True)
class Weight:
    """A parameter in bf16, and what AdamW keeps of it in fp32; all without gaps."""

    parameter: Parameter
    master: Tensor
    mean: Tensor
    square: Tensor


class AdamWInC:
    """Moves weights; each of torch's threads has a share of them."""

    def __init__(self, weights: Sequence[Weight]) -> None:
        """`weights` on the processor."""
        self._shares = _shares(weights, torch.get_num_threads())
        self._pool = ThreadPoolExecutor(len(self._shares))

    def move(self, step: AdamWStep, highest_norm: float) -> None:
        """Move them along their gradients, which are scaled down to `highest_norm` together."""
        norm = math.sqrt(sum(self._map(_sum_of_squares)))
        step.factor = min(1.0, highest_norm / (norm + 1e-6))  # as torch's clip_grad_norm_
        self._map(lambda share: _move(share, step))

    def _map(self, work: Callable[[Sequence[Weight]], Result]) -> list[Result]:
        return list(self._pool.map(work, self._shares))


def _shares(weights: Sequence[Weight], count: int) -> list[list[Weight]]:
    """The weights in `count` lists of about as many numbers."""
    shares: list[list[Weight]] = [[] for _ in range(count)]
    sizes = [0] * count
    for weight in sorted(weights, key=lambda weight: -weight.master.numel()):
        smallest = sizes.index(min(sizes))
        shares[smallest].append(weight)
        sizes[smallest] += weight.master.numel()
    return shares


def _sum_of_squares(share: Sequence[Weight]) -> float:
    squares = load().sum_of_squares
    return float(sum(squares(g.data_ptr(), g.numel()) for _, g in _with_gradients(share)))


def _move(share: Sequence[Weight], step: AdamWStep) -> None:
    for weight, gradient in _with_gradients(share):
        tensors = (gradient, weight.master, weight.mean, weight.square, weight.parameter)
        places = [tensor.data_ptr() for tensor in tensors]
        load().adamw(byref(step), gradient.numel(), *places)


def _with_gradients(share: Sequence[Weight]) -> Iterator[tuple[Weight, Tensor]]:
    """Those that had a part in the batch."""
    for weight in share:
        if weight.parameter.grad is not None:
            yield weight, weight.parameter.grad.contiguous()
