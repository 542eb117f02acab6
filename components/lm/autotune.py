"""Which dtype a model writes in: by what the processor can do, timed only where that is in doubt.

Replicas of one release must choose alike, on a busy node too: an answer from another pod is to be
the same answer.
"""

import hashlib
import itertools
import json
import logging
import math
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from components.lm.decoding.linear import DTYPES, Linear
from components.lm.decoding.native import library as native
from components.lm.decoding.shape import Shape
from components.lm.formats import EVERY_ROW, INT8, Format, FormatName
from components.runtime.files import whole_file
from components.runtime.processors import processor_features, processor_name

log = logging.getLogger(__name__)

BF16_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""As Linux names them in /proc/cpuinfo, of x86-64 and of AArch64."""
ROWS = (1, 2, 4, 8, 32)
"""How many samples are written at once."""
FEW = (1, 2, 4, 8)
WEIGHTS = 48_000_000
"""Enough that no cache of the processor holds them; of a smaller model all there are."""
ROUNDS = 3
"""The formats take turns in each; of all rounds the least time counts."""
SECONDS_EACH = 0.02
LEAST_RUNS = 2
"""Beside the first one, which prepares much."""
CLEARLY_FASTER = 1.1
MOST_KEPT = 100
"""Choices in the file: one for each shape of a model, until torch or the processor is another."""

Times = dict[int, float]
"""Seconds of processor time by the number of rows."""


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
    kept: Path | None = None,
) -> FormatChoice:
    """The format to write in.

    One that is asked for is taken. `auto` takes bf16 on a GPU, fp32 for a family that transformers
    computes, and else what `by_features` says of the formats in `allowed`.

    Args:
        asked: the operator's word.
        shape: the model's; None for a family that transformers computes.
        device: where it computes.
        allowed: the formats that keep the quality.
        kept: a file in which choices that had to be timed are kept, for later starts.
    """
    if asked != "auto":
        return FormatChoice(Format(asked), (f"dtype {asked}, as asked",))
    if device.type == "cuda":
        base: Literal["fp32", "bf16"] = "bf16" if "bf16" in allowed else "fp32"
        return FormatChoice(Format(base), (f"dtype {base}, on a GPU",))
    if shape is None:
        return FormatChoice(Format(), ("dtype fp32, as transformers computes it",))
    level = native.level() if native.available() else None
    known = by_features(processor_features(), level, allowed)
    if known is None:
        return _kept_or_timed(shape, frozenset(allowed), torch.get_num_threads(), kept)
    by = f"the decoder in C with {level}" if known == INT8 else "the processor's instructions"
    return FormatChoice(known, (f"dtype {known}, by {by}",))


def by_features(
    features: frozenset[str] | None, native_level: str | None, allowed: Collection[FormatName]
) -> Format | None:
    """The format that this processor writes fastest in; None where only a clock can tell.

    Args:
        features: the processor's, as /proc/cpuinfo names them; None where nobody knows them.
        native_level: the instructions that the decoder in C uses; None where it cannot run.
        allowed: the formats that keep the quality.
    """
    if "int8" in allowed:  # how fast torch reads int8 hangs on its version and the caches
        return INT8 if native_level else None
    if "bf16" not in allowed:
        return Format()
    if features is None:
        return None
    return Format("bf16" if features & BF16_INSTRUCTIONS else "fp32")


def _kept_or_timed(
    shape: Shape, allowed: frozenset[FormatName], threads: int, kept: Path | None
) -> FormatChoice:
    """The choice of an earlier start on the same processor with the same torch, or a timed one."""
    features = sorted(processor_features() or ())
    facts = [processor_name(), features, torch.__version__, threads, asdict(shape), sorted(allowed)]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    if kept and (earlier := _read(kept).get(key)):
        chosen = Format(*earlier)
        return FormatChoice(chosen, (f"dtype {chosen}, timed at an earlier start",))
    choice = _timed(shape, allowed, threads)
    if kept:
        _keep(kept, key, choice.format)
    return choice


def _read(kept: Path) -> dict[str, tuple[Literal["fp32", "bf16"], int]]:
    """The kept choices: base and `int8_rows` by a digest of what they hang on."""
    try:
        found = json.loads(kept.read_bytes())
        return {
            key: (base, rows)
            for key, (base, rows) in found.items()
            if base in ("fp32", "bf16") and isinstance(rows, int) and rows >= 0
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep(kept: Path, key: str, chosen: Format) -> None:
    known = {**_read(kept), key: (chosen.base, chosen.int8_rows)}
    newest = dict(list(known.items())[-MOST_KEPT:])
    try:
        with whole_file(kept) as draft:
            draft.write_text(json.dumps(newest, indent=1), encoding="utf-8")
    except OSError as error:
        log.debug("the choice is not kept: %s", error)


@lru_cache(maxsize=64)
def _timed(shape: Shape, allowed: frozenset[FormatName], threads: int) -> FormatChoice:
    """The fastest format by the clock, once for each shape."""
    bases = [Format(), *([Format("bf16")] if "bf16" in allowed else [])]
    times = {one.base: measured for one, measured in zip(bases, _times(shape, bases), strict=True)}
    base: Literal["fp32", "bf16"] = "fp32"
    if "bf16" in times and _gain(times["fp32"], times["bf16"]) > CLEARLY_FASTER:
        base = "bf16"
    lines = [f"{name}: {_list(measured)}" for name, measured in times.items()]
    int8_rows = 0
    if "int8" in allowed:
        plain, int8 = _times(shape, [Format(base), Format(base, EVERY_ROW)], FEW)
        int8_rows = _rows_won(int8, plain)
        lines.append(f"int8: {_list(int8)}")
    chosen = Format(base, int8_rows)
    counts = ", ".join(map(str, ROWS))
    about = f"timed: ms of a processor for 48 million weights at {counts} rows, {threads} threads"
    return FormatChoice(chosen, (about, *lines, f"dtype {chosen}, the fastest here"))


def _list(times: Times) -> str:
    return ", ".join(f"{1000 * seconds:.1f}" for seconds in times.values())


def _gain(slow: Times, fast: Times) -> float:
    """How many times as fast, as the geometric mean over the numbers of rows."""
    logs = [math.log(slow[rows] / fast[rows]) for rows in ROWS]
    return math.exp(sum(logs) / len(logs))


def _rows_won(int8: Times, base: Times) -> int:
    """Up to how many rows int8 is clearly faster."""
    won = 0
    for rows in FEW:
        if base[rows] < CLEARLY_FASTER * int8[rows]:
            break
        won = rows
    return won


def _times(shape: Shape, formats: Sequence[Format], counts: tuple[int, ...] = ROWS) -> list[Times]:
    """For each format the time of one pass over about 48 million weights."""
    sizes = _sizes(shape)
    layer = sum(outputs * inputs for outputs, inputs in sizes)
    count = min(math.ceil(WEIGHTS / layer), shape.layers)
    stacks = [[_layer(sizes, one) for _ in range(count)] for one in formats]
    found: list[Times] = [dict.fromkeys(counts, math.inf) for _ in formats]
    with torch.inference_mode():
        for _, rows in itertools.product(range(ROUNDS), counts):
            for one, stack, best in zip(formats, stacks, found, strict=True):
                values = [torch.ones(rows, inputs, dtype=DTYPES[one.base]) for _, inputs in sizes]
                best[rows] = min(best[rows], WEIGHTS / layer * _fastest(stack, values))
    return found


def _layer(sizes: Sequence[tuple[int, int]], weight_dtype: Format) -> list[Linear]:
    device = torch.device("cpu")
    return [Linear(torch.full(size, 0.01), None, weight_dtype, device) for size in sizes]


def _sizes(shape: Shape) -> tuple[tuple[int, int], ...]:
    """The matrices [out, in] of one layer, about."""
    width = shape.hidden_size
    heads = (shape.heads + 2 * shape.kv_heads) * shape.head_dim
    inner = 4 * width if shape.family == "gpt2" else 3 * width
    return ((heads, width), (width, width), (inner, width), (width, inner))


def _fastest(layers: Sequence[Sequence[Linear]], rows: Sequence[Tensor]) -> float:
    """Seconds of processor time for one layer: the sum of the least run of each of its products.

    The layers take turns, so that no weights lie in a cache. Processor time does not count the
    waiting for others on the machine, and the least of short runs is spoilt by few of them.
    """
    best = [math.inf] * len(rows)
    end = time.perf_counter() + SECONDS_EACH
    for number, layer in enumerate(itertools.cycle(layers)):
        for at, (product, values) in enumerate(zip(layer, rows, strict=True)):
            start = time.process_time()
            product(values)
            best[at] = min(best[at], time.process_time() - start)
        if number >= LEAST_RUNS and time.perf_counter() > end:
            break
    return sum(best)
