"""Drawing the next tokens in C."""

import ctypes
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from components.lm.decoding.native import library
from components.lm.decoding.native.layout import LANES, Draw, rounded_up


def choose_natively(
    logits: Tensor,
    temperatures: Sequence[float],
    top_ps: Sequence[float],
    draws: Sequence[Iterator[float]],
) -> list[int]:
    """Draw a token for each row of `logits` [rows, vocabulary], fp32: as `lm.sampling.choose` does.

    Both take the next draw among the more probable tokens until one lies inside of the nucleus.
    """
    rows = [
        Draw(row, temperature, top_p, outside=1)
        for row, (temperature, top_p) in enumerate(zip(temperatures, top_ps, strict=True))
    ]
    tokens = [0] * len(rows)
    while rows:
        for one in rows:
            one.uniform = next(draws[one.row]) if one.temperature > 0 else 0.0
        drawn = (Draw * len(rows))(*rows)
        _draw(logits, drawn)
        for one in drawn:
            tokens[one.row] = one.token
        rows = [one for one in drawn if one.outside]
    return tokens


def _draw(logits: Tensor, draws: "ctypes.Array[Draw]") -> None:
    threads = torch.get_num_threads()
    size = logits.shape[1]
    weights = torch.empty(threads, rounded_up(size, LANES))
    library.load().native_draw(
        logits.data_ptr(), logits.stride(0), size, draws, len(draws), weights.data_ptr(), threads,
        library.level_number(),
    )  # fmt: skip
