"""What the machine allows at most: no server can write faster."""

import math
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors import safe_open
from support.native_kernels import Product

from components.lm.decoding.native import library
from components.lm.models import TORCH_DTYPES
from components.lm.precision import choose_precision, gemm_rate

READ_BYTES = 1 << 30
READ_RUNS = 7
ROWS, OUTPUTS, INPUTS, PRODUCTS = 48, 32, 4096, 300
"""A panel of weights of 128 kB, which any core's second cache holds."""


def limits(folder: Path) -> Callable[[int], tuple[float, str]]:
    """The most tokens a second for so many samples at once, and what sets it.

    Each step reads every weight, of which int8 takes one byte, and multiplies it by each row.
    """
    weights = _weights(folder)
    precision, product = _products()
    read = read_rate()

    def limit(rows: int) -> tuple[float, str]:
        by_reading, by_products = rows * read / weights, product / (2 * weights)
        if by_reading < by_products:
            return by_reading, f"limit: reading int8 weights at {read / 1e9:.0f} GB/s"
        return by_products, f"limit: {precision} products at {product / 1e9:.0f} GOP/s"

    return limit


def _products() -> tuple[str, float]:
    """The format whose products are fastest here, and operations a second of it."""
    precision = choose_precision("auto", torch.device("cpu")).dtype
    rates = {precision: gemm_rate(TORCH_DTYPES[precision])}
    if library.available():
        rates["int8"] = int8_rate()
    return max(rates.items(), key=lambda item: item[1])


def int8_rate() -> float:
    """Operations a second of int8 products whose weights lie in the cores' own caches."""
    product = Product(library.level(), torch.ones(ROWS, INPUTS), torch.ones(OUTPUTS, INPUTS))
    operations = 2 * ROWS * OUTPUTS * INPUTS * PRODUCTS
    threads = torch.get_num_threads()

    def several(_: int) -> None:
        for _ in range(PRODUCTS):
            product.run()

    best = math.inf
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(READ_RUNS):
            start = time.perf_counter()
            list(pool.map(several, range(threads)))
            best = min(best, time.perf_counter() - start)
    return threads * operations / best


def read_rate() -> float:
    """Bytes a second that all cores together read from memory: the median of a few runs."""
    block = torch.ones(READ_BYTES // 8, dtype=torch.int64)
    rates = []
    for _ in range(READ_RUNS):
        start = time.perf_counter()
        block.sum()
        rates.append(READ_BYTES / (time.perf_counter() - start))
    return statistics.median(rates)


def _weights(folder: Path) -> int:
    """Weights that a step multiplies: a tied head stands for the embedding too."""
    with safe_open(folder / "model.safetensors", "pt") as file:
        shapes = [file.get_slice(name).get_shape() for name in list(file.keys())]
    return sum(map(math.prod, shapes))
