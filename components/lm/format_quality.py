"""What a number format costs in quality: bits per byte of the same texts in each."""

import gc
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from components.contracts.errors import BadInputError
from components.lm.decoding.load import load_decoder
from components.lm.decoding.protocol import Chunk, Decoder
from components.lm.decoding.shape import read_shape
from components.lm.formats import FORMATS, INT8, Format, FormatName
from components.lm.tokenizer import Tokenizer, load_tokenizer

MOST_TOKENS = 4096
"""Enough to see a change of 1%; more would only take longer."""
TOKENS_A_STEP = 512
NO_TEXT = "there is no text to measure the dtypes on; give one"


def format_bits_per_byte(
    folder: Path, texts: Sequence[str], formats: Sequence[FormatName] = FORMATS
) -> dict[str, float]:
    """The bits per UTF-8 byte that the model in `folder` needs for `texts`, by number format.

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
    chosen = [text for text, _ in _measured(load_tokenizer(folder), texts, sys.maxsize)]
    if not chosen:
        raise BadInputError(NO_TEXT)
    return chosen


def _measured(
    tokenizer: Tokenizer, texts: Sequence[str], longest: int
) -> Iterator[tuple[str, list[int]]]:
    """The texts to measure and their tokens, start and end among them."""
    tokens = 0
    for text in texts:
        ids = [tokenizer.start_token_id, *tokenizer.encode(text), tokenizer.end_token_id]
        if not text or len(ids) - 1 > longest:
            continue
        if tokens + len(ids) > MOST_TOKENS and tokens:
            return
        tokens += len(ids)
        yield text, ids


def _format(name: FormatName) -> Format:
    return INT8 if name == "int8" else Format(name)


def _bits_per_byte(folder: Path, texts: Sequence[str], number_format: Format) -> float:
    tokenizer = load_tokenizer(folder)
    decoder = load_decoder(folder, number_format, torch.device("cpu"))
    bits, size = 0.0, 0
    for text, ids in _measured(tokenizer, texts, decoder.positions):
        size += len(text.encode())
        bits += _bits(decoder, ids)
    del decoder
    gc.collect()
    if not size:
        raise BadInputError(NO_TEXT)
    return bits / size


@torch.inference_mode()
def _bits(decoder: Decoder, ids: list[int]) -> float:
    """The bits of all of `ids` but the first, which is given."""
    decoder.resize(1, max(len(ids), decoder.row_positions))
    nats = 0.0
    for start, chunk in _pieces(ids[:-1]):
        logits = decoder.step([], [], [Chunk(start, chunk, all_logits=True)])
        wanted = torch.tensor(ids[start + 1 : start + 1 + len(chunk)], device=logits.device)
        nats += float(cross_entropy(logits, wanted, reduction="sum"))
    return nats / math.log(2)


def _pieces(ids: list[int]) -> Iterator[tuple[int, list[int]]]:
    for start in range(0, len(ids), TOKENS_A_STEP):
        yield start, ids[start : start + TOKENS_A_STEP]
