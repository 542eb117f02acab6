"""Which number format writes fastest on this machine: measured in a second, never assumed."""

import itertools
import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from components.lm.decoding.linear import DTYPES, Linear
from components.lm.decoding.native import library as native
from components.lm.decoding.shape import Shape
from components.lm.formats import EVERY_ROW, INT8, Format, FormatName

ROWS = (1, 2, 4, 8, 32)
"""How many samples are written at once."""
FEW = (1, 2, 4, 8)
WEIGHTS = 48_000_000
"""Enough that no cache of the processor holds them; of a smaller model all there are."""
SECONDS_EACH = 0.05
LEAST_RUNS = 2
"""Beside the first one, which prepares much."""
CLEARLY_FASTER = 1.1


@dataclass(frozen=True)
class FormatChoice:
    """A format, and the lines for the log that say what it rests on."""

    format: Format
    lines: tuple[str, ...]


def choose_format(
    asked: Literal["auto", "fp32", "bf16"],
    shape: Shape | None,
    device: torch.device,
    allowed: Collection[FormatName],
) -> FormatChoice:
    """The number format to write in.

    One that is asked for is taken. `auto` takes int8 by the decoder in C where both may be used,
    else the fastest of those in `allowed`, for few rows int8 beside it; on a GPU bf16, and for a
    family that transformers computes fp32.
    """
    if asked != "auto":
        return FormatChoice(Format(asked), (f"number format {asked}, as asked",))
    if device.type == "cuda":
        base: Literal["fp32", "bf16"] = "bf16" if "bf16" in allowed else "fp32"
        return FormatChoice(Format(base), (f"number format {base}, on a GPU",))
    if shape is None:
        return FormatChoice(Format(), ("number format fp32, as transformers computes it",))
    if "int8" in allowed and native.available():
        return FormatChoice(INT8, (f"number format int8, by the decoder in C: {native.level()}",))
    return _measured(shape, frozenset(allowed), torch.get_num_threads())


@lru_cache(maxsize=64)
def _measured(shape: Shape, allowed: frozenset[FormatName], threads: int) -> FormatChoice:
    """The fastest format by measurement, once for each shape: later loads share the processor."""
    times = {"fp32": _times(shape, Format())}
    if "bf16" in allowed:
        times["bf16"] = _times(shape, Format("bf16"))
    base: Literal["fp32", "bf16"] = "fp32"
    if "bf16" in times and _gain(times["fp32"], times["bf16"]) > CLEARLY_FASTER:
        base = "bf16"
    int8_rows = 0
    if "int8" in allowed:
        times["int8"] = _times(shape, Format(base, EVERY_ROW), FEW)
        int8_rows = _rows_won(times["int8"], times[base])
    chosen = Format(base, int8_rows)
    counts = ", ".join(map(str, ROWS))
    lines = [f"self-test: ms for 48 million weights at {counts} rows, {threads} threads"]
    lines += [f"{name}: {_list(measured)}" for name, measured in times.items()]
    return FormatChoice(chosen, (*lines, f"number format {chosen}, the fastest here"))


def _list(times: dict[int, float]) -> str:
    return ", ".join(f"{1000 * seconds:.1f}" for seconds in times.values())


def _gain(slow: dict[int, float], fast: dict[int, float]) -> float:
    """How many times as fast, as the geometric mean over the numbers of rows."""
    logs = [math.log(slow[rows] / fast[rows]) for rows in ROWS]
    return math.exp(sum(logs) / len(logs))


def _rows_won(int8: dict[int, float], base: dict[int, float]) -> int:
    """Up to how many rows int8 is clearly faster."""
    won = 0
    for rows in FEW:
        if base[rows] < CLEARLY_FASTER * int8[rows]:
            break
        won = rows
    return won


def _times(shape: Shape, number_format: Format, counts: tuple[int, ...] = ROWS) -> dict[int, float]:
    """Seconds for one pass over about 48 million weights, by the number of rows."""
    sizes = _sizes(shape)
    layer = sum(outputs * inputs for outputs, inputs in sizes)
    count = min(math.ceil(WEIGHTS / layer), shape.layers)
    layers = [_layer(sizes, number_format) for _ in range(count)]
    dtype = DTYPES[number_format.base]
    with torch.inference_mode():
        return {
            rows: WEIGHTS / layer
            * _fastest(layers, [torch.ones(rows, inputs, dtype=dtype) for _, inputs in sizes])
            for rows in counts
        }  # fmt: skip


def _layer(sizes: Sequence[tuple[int, int]], number_format: Format) -> list[Linear]:
    device = torch.device("cpu")
    return [Linear(torch.full(size, 0.01), None, number_format, device) for size in sizes]


def _sizes(shape: Shape) -> tuple[tuple[int, int], ...]:
    """The matrices [out, in] of one layer, about."""
    width = shape.hidden_size
    heads = (shape.heads + 2 * shape.kv_heads) * shape.head_dim
    inner = 4 * width if shape.family == "gpt2" else 8 * width // 3
    return ((heads, width), (width, width), (inner, width), (width, inner))


def _fastest(layers: Sequence[Sequence[Linear]], rows: Sequence[Tensor]) -> float:
    """Seconds for one layer: the sum of the fastest run of each of its products.

    The layers take turns, so that no weights lie in a cache. Others on the machine only make a
    run slower, and spoil few of runs that are this short.
    """
    best = [math.inf] * len(rows)
    end = time.perf_counter() + SECONDS_EACH
    for number, layer in enumerate(itertools.cycle(layers)):
        for at, (product, values) in enumerate(zip(layer, rows, strict=True)):
            start = time.perf_counter()
            product(values)
            best[at] = min(best[at], time.perf_counter() - start)
        if number >= LEAST_RUNS and time.perf_counter() > end:
            break
    return sum(best)
