"""Which number format writes fastest on this machine: measured in a second, never assumed."""

import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

import torch

from components.lm.decoding.linear import DTYPES, Linear
from components.lm.decoding.shape import Shape
from components.lm.formats import EVERY_ROW, Format, FormatName

ROWS = (1, 2, 4, 8, 32)
"""How many samples are written at once."""
FEW = (1, 2, 4, 8)
WEIGHTS = 48_000_000
"""Enough that no cache of the processor holds them."""
SECONDS_EACH = 0.06
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

    One that is asked for is taken. `auto` takes the fastest of those in `allowed`, for few rows
    int8 beside it; on a GPU bf16, and for a family that transformers computes fp32.
    """
    if asked != "auto":
        return FormatChoice(Format(asked), (f"number format {asked}, as asked",))
    if device.type == "cuda":
        base: Literal["fp32", "bf16"] = "bf16" if "bf16" in allowed else "fp32"
        return FormatChoice(Format(base), (f"number format {base}, on a GPU",))
    if shape is None:
        return FormatChoice(Format(), ("number format fp32, as transformers computes it",))
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
    device, dtype = torch.device("cpu"), DTYPES[number_format.base]
    products: list[tuple[Linear, int]] = []
    total = 0
    while total < WEIGHTS:
        for outputs, inputs in _sizes(shape):
            weight = torch.full((outputs, inputs), 0.01)
            products.append((Linear(weight, None, number_format, device), inputs))
            total += outputs * inputs

    def one_pass(rows: int) -> None:
        for product, inputs in products:
            product(torch.ones(rows, inputs, dtype=dtype))

    with torch.inference_mode():
        return {rows: WEIGHTS / total * _fastest(partial(one_pass, rows)) for rows in counts}


def _sizes(shape: Shape) -> tuple[tuple[int, int], ...]:
    """The matrices [out, in] of one layer, about."""
    width = shape.width
    heads = (shape.heads + 2 * shape.kv_heads) * shape.head_width
    inner = 4 * width if shape.family == "gpt2" else 8 * width // 3
    return ((heads, width), (width, width), (inner, width), (width, inner))


def _fastest(run: Callable[[], None]) -> float:
    """The fastest of several runs, in seconds: others on the machine only make it slower."""
    run()
    best, spent = math.inf, 0.0
    while spent < SECONDS_EACH:
        start = time.perf_counter()
        run()
        taken = time.perf_counter() - start
        best, spent = min(best, taken), spent + taken
    return best
