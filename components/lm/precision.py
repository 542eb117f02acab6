"""Which dtype trains fastest here: measured, never assumed."""

import time
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn.functional import linear

from components.lm.models import Dtype

SHAPE = (1024, 768, 3072)  # tokens, width in, width out: the widest layer of a 124M model
SECONDS_EACH = 0.4
CLEARLY_FASTER = 1.3


@dataclass(frozen=True)
class Precision:
    """A choice, and the sentence that says what it rests on."""

    dtype: Dtype
    reason: str


def choose_precision(asked: Literal["auto", "fp32", "bf16"], device: torch.device) -> Precision:
    """The dtype for training on `device`: the one asked for, or the faster one.

    On a processor `auto` times matrix products of training's shape for about a second: bf16 is
    twice as fast as fp32 with the instructions for it, and several times slower without.
    """
    if asked != "auto":
        return Precision(asked, f"{asked}, as asked")
    if device.type == "cuda":
        supported = torch.cuda.is_bf16_supported(including_emulation=False)
        return Precision("bf16" if supported else "fp32", "what the GPU supports")
    fp32, bf16 = (gemm_rate(dtype) for dtype in (torch.float32, torch.bfloat16))
    chosen: Dtype = "bf16" if bf16 > CLEARLY_FASTER * fp32 else "fp32"
    return Precision(
        chosen,
        f"{chosen}, since this processor multiplies {fp32 / 1e9:.0f} GFLOP/s in fp32 "
        f"and {bf16 / 1e9:.0f} in bf16",
    )


def gemm_rate(
    dtype: torch.dtype, *, shape: tuple[int, int, int] = SHAPE, seconds: float = SECONDS_EACH
) -> float:
    """Floating-point operations a second of a matrix product of `shape` [rows, inner, columns]."""
    rows, inner, columns = shape
    left, right = torch.ones(rows, inner, dtype=dtype), torch.ones(columns, inner, dtype=dtype)
    linear(left, right)  # the first call chooses and packs
    runs, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        linear(left, right)
        runs += 1
    return 2 * rows * inner * columns * runs / spent
