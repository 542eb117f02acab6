"""What a dtype costs in quality: bits per byte of the same texts in each."""

import gc
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from components.contracts.errors import BadInputError
from components.lm.decoding.shape import read_shape
from components.lm.formats import FORMATS, INT8, Format, FormatName
from components.lm.score import Scorer
from components.lm.tokenizer import Tokenizer, load_tokenizer

MOST_TOKENS = 4096
"""Enough to see a change of 1%; more would only take longer."""


def format_bits_per_byte(
    folder: Path, texts: Sequence[str], formats: Sequence[FormatName] = FORMATS
) -> dict[str, float]:
    """The bits per UTF-8 byte that the model in `folder` needs for `texts`, by dtype.

    It is computed by the very code that serves it. Each text is scored alone, its end too; texts
    beyond about 4,096 tokens, or longer than the context, are left out. `int8` stands
    for weights in int8 in every row over bf16; a model of a family that transformers computes has
    no such figure. Takes a few seconds a format for a model of 135 million parameters.

    Raises:
        BadInputError: the model cannot be loaded, or no text can be scored.
    """
    known = [name for name in formats if name != "int8" or read_shape(folder) is not None]
    return {name: _bits_per_byte(folder, texts, _format(name)) for name in known}


def texts_to_measure(folder: Path, texts: Sequence[str]) -> list[str]:
    """Those of `texts`, which all fit the context, that `format_bits_per_byte` measures.

    Raises:
        BadInputError: none of them can be measured.
    """
    return _measured(load_tokenizer(folder), texts, lambda tokens: True)


def _measured(tokenizer: Tokenizer, texts: Sequence[str], fits: Callable[[int], bool]) -> list[str]:
    """The texts to measure, of those whose number of tokens fits."""
    chosen, tokens = [], 0
    for text in texts:
        size = len(tokenizer.post(text))
        if not text or not fits(size):
            continue
        if tokens + size > MOST_TOKENS and tokens:
            break
        tokens += size
        chosen.append(text)
    if not chosen:
        raise BadInputError("there is no text to measure the dtypes on; give one")
    return chosen


def _format(name: FormatName) -> Format:
    return INT8 if name == "int8" else Format(name)


def _bits_per_byte(folder: Path, texts: Sequence[str], weight_dtype: Format) -> float:
    scorer = Scorer(folder, weight_dtype, torch.device("cpu"))
    chosen = _measured(scorer.tokenizer, texts, scorer.fits)
    bits = sum(value for _, value in scorer.bits(chosen))
    del scorer
    gc.collect()
    return bits / sum(len(text.encode()) for text in chosen)
