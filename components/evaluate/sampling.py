"""What models write: without a prompt, and from a few beginnings."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from components.contracts.posts import Sample
from components.evaluate.config import EvaluateConfig
from components.lm.engine.offline import Writer
from components.lm.engine.protocol import EngineSettings, Request, Sampling
from components.runtime.progress import progress

NO_PROMPT = ""
SAMPLES_A_PROMPT = 10
POSTS_AT_A_TIME = 32
"""Never a setting: a sample is drawn by its number within the batch and the batch's seed."""


def draw_samples(
    model: Path,
    formats: Mapping[str, float],
    config: EvaluateConfig,
    wanted: Mapping[str, int],
    task: str,
) -> list[Sample]:
    """As many samples for each prompt as `wanted` says, written as the server would write them.

    A sample depends on (seed, prompt, index) alone, not on how many are drawn.

    Args:
        model: the model's folder.
        formats: the bits per byte that it, or its like, needs by dtype.
        config: how posts are drawn.
        wanted: how many samples by prompt.
        task: what the progress bar says.
    """
    batches = [
        (prompt, range(start, min(start + POSTS_AT_A_TIME, count)))
        for prompt, count in wanted.items()
        for start in range(0, count, POSTS_AT_A_TIME)
    ]
    requests = [_request(config, prompt, indices) for prompt, indices in batches]
    writer = Writer(model, EngineSettings(bits_per_byte=formats))
    with progress(task, sum(wanted.values())) as advance:
        written = writer.write(requests, advance)
    return [
        Sample(prompt=prompt, index=index, text=one.text, finish_reason=one.finish_reason)
        for (prompt, indices), samples in zip(batches, written, strict=True)
        for index, one in zip(indices, samples, strict=True)
    ]


def _request(config: EvaluateConfig, prompt: str, indices: range) -> Request:
    sampling = Sampling(
        temperature=config.temperature,
        top_p=config.top_p,
        max_tokens=config.max_tokens,
        seed=_batch_seed(config.seed, prompt, indices.start),
    )
    return Request(prompt, len(indices), sampling)


def _batch_seed(seed: int, prompt: str, start: int) -> int:
    """A seed below 2**63 that no other prompt and batch shares, but by a chance of 2**-63."""
    digest = hashlib.sha256(f"{seed}\0{prompt}\0{start}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
