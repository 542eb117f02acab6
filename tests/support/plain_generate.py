"""The plain way to write posts, with transformers: the oracle that the engine is held to."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from components.contracts.errors import BadInputError
from components.lm.models import LanguageModel
from components.lm.sampling import choose, draws
from components.text.graphemes import trim_to_whole

ROWS_AT_ONCE = 32


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn and when a post ends."""

    temperature: float = 1.0
    """Divides the logits; 0 always takes the most probable token."""
    top_p: float = 0.95
    """Mass of the nucleus that tokens are drawn from, above 0 and at most 1."""
    max_tokens: int = 60
    """A post is cut at this many new tokens, at the end of a word."""
    stop: tuple[str, ...] = ()
    """A post ends before the first of these that it would hold."""


@dataclass(frozen=True)
class Generation:
    """One generated post."""

    text: str
    """What the model wrote, the prompt left out."""
    finish_reason: Literal["stop", "length"]
    """`length` where the limit cut it."""


@dataclass
class _Sample:
    """A post in the making."""

    index: int
    ids: list[int] = field(default_factory=list)
    result: Generation | None = None


def generate(
    lm: LanguageModel, prompt: str, count: int, sampling: Sampling, seed: int
) -> list[Generation]:
    """Write `count` posts that begin with `prompt`, which may be empty.

    A sample's draws depend on `seed`, its index and the position alone, so that with fp32 weights
    sample 3 of 5 is sample 3 of 500 too.

    Raises:
        BadInputError: the prompt and `max_tokens` are more than the model can look at, or a value
            is out of range.
    """
    prompt_ids = [lm.start_token_id, *lm.encode([prompt])[0]]
    if seed < 0:
        raise BadInputError(f"the seed is {seed}; it must be 0 or more")
    _check(lm, len(prompt_ids), count, sampling)
    samples = [_Sample(index) for index in range(count)]
    for first in range(0, count, ROWS_AT_ONCE):
        _write(lm, prompt_ids, samples[first : first + ROWS_AT_ONCE], sampling, seed)
    return [sample.result for sample in samples if sample.result]


def _check(lm: LanguageModel, prompt_tokens: int, count: int, sampling: Sampling) -> None:
    if count < 1:
        raise BadInputError(f"the number of samples is {count}; ask for 1 or more")
    if sampling.max_tokens < 1:
        raise BadInputError(f"max_tokens is {sampling.max_tokens}; it must be 1 or more")
    if not (math.isfinite(sampling.temperature) and sampling.temperature >= 0):
        raise BadInputError(f"the temperature is {sampling.temperature}; it must be 0 or more")
    if not 0 < sampling.top_p <= 1:
        raise BadInputError(f"top_p is {sampling.top_p}; it must be above 0 and at most 1")
    tokens = prompt_tokens + sampling.max_tokens
    if tokens - 1 > lm.max_positions:  # the last token is not looked at
        raise BadInputError(
            f"the prompt is too long: with the {sampling.max_tokens} new tokens it would have "
            f"{tokens}, more than the {lm.max_positions} that the model can look at"
        )


@torch.inference_mode()
def _write(
    lm: LanguageModel,
    prompt_ids: list[int],
    samples: list[_Sample],
    sampling: Sampling,
    seed: int,
) -> None:
    """Write all of `samples` in one batch; those that are finished leave it."""
    output = lm.model(torch.tensor([prompt_ids], device=lm.device), use_cache=True)
    cache, logits = output.cache, output.logits[:, -1]
    cache.batch_repeat_interleave(len(samples))
    logits = logits.expand(len(samples), -1)
    while samples:
        own = [draws(seed, sample.index, len(sample.ids)) for sample in samples]
        tokens = choose(logits, [sampling.temperature] * len(own), [sampling.top_p] * len(own), own)
        for sample, token in zip(samples, tokens.tolist(), strict=True):
            _add(lm, prompt_ids, sample, token, sampling)
        keep = [row for row, sample in enumerate(samples) if sample.result is None]
        if len(keep) < len(samples):
            samples = [samples[row] for row in keep]
            cache, tokens = _select(cache, tokens, keep)
        if samples:
            output = lm.model(tokens[:, None], cache=cache, use_cache=True)
            logits = output.logits[:, -1]


def _select(cache: Any, tokens: Tensor, keep: list[int]) -> tuple[Any, Tensor]:
    rows = torch.tensor(keep, device=tokens.device, dtype=torch.long)
    if keep:
        cache.batch_select_indices(rows)
    return cache, tokens[rows]


def _add(
    lm: LanguageModel, prompt_ids: list[int], sample: _Sample, token: int, sampling: Sampling
) -> None:
    """Give `sample` its next token, and its result where that ends it."""
    ends = token in (lm.end_token_id, lm.start_token_id)
    if not ends:
        sample.ids.append(token)
    full = len(sample.ids) >= sampling.max_tokens
    if not (ends or full or sampling.stop):
        return
    text = _text(lm, prompt_ids, sample.ids)
    cut = min(_found(text, sampling.stop), default=None)
    if cut is not None:
        sample.result = Generation(text[:cut], "stop")
    elif ends:
        sample.result = Generation(text, "stop")
    elif full:
        sample.result = Generation(trim_to_whole(text), "length")


def _text(lm: LanguageModel, prompt_ids: list[int], new_ids: Sequence[int]) -> str:
    """The text of `new_ids` as it stands after the prompt.

    It is decoded with the prompt, since some tokenizers drop the blank before a first word.
    """
    before = lm.decode(prompt_ids)
    whole = lm.decode([*prompt_ids, *new_ids])
    return whole[len(before) :] if whole.startswith(before) else lm.decode(new_ids)


def _found(text: str, stop: Sequence[str]) -> Iterator[int]:
    return (text.index(word) for word in stop if word and word in text)
