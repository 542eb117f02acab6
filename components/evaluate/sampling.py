"""What models write: from nothing, and from a few beginnings."""

import hashlib
from collections.abc import Mapping

from components.contracts.posts import Sample
from components.evaluate.config import EvaluateConfig
from components.lm.generate import Sampling, generate
from components.lm.models import LanguageModel
from components.runtime.progress import progress

FROM_NOTHING = ""
SAMPLES_A_PROMPT = 10
POSTS_AT_A_TIME = 32
"""Never a setting: a sample is drawn by its number within the batch and the batch's seed."""


def draw_samples(
    model: LanguageModel, config: EvaluateConfig, wanted: Mapping[str, int], task: str
) -> list[Sample]:
    """As many samples for each prompt as `wanted` says; `task` is what the progress bar says.

    A sample depends on (seed, prompt, index) alone, not on how many are drawn.
    """
    samples: list[Sample] = []
    with progress(task, sum(wanted.values())) as advance:
        for prompt, count in wanted.items():
            for start in range(0, count, POSTS_AT_A_TIME):
                batch = _draw(model, config, prompt, range(start, count)[:POSTS_AT_A_TIME])
                samples += batch
                advance(len(batch))
    return samples


def _draw(
    model: LanguageModel, config: EvaluateConfig, prompt: str, indices: range
) -> list[Sample]:
    sampling = Sampling(
        temperature=config.temperature, top_p=config.top_p, max_tokens=config.max_tokens
    )
    seed = _batch_seed(config.seed, prompt, indices.start)
    generations = generate(model, prompt, len(indices), sampling, seed)
    return [
        Sample(
            prompt=prompt, index=index, text=generation.text, finish_reason=generation.finish_reason
        )
        for index, generation in zip(indices, generations, strict=True)
    ]


def _batch_seed(seed: int, prompt: str, start: int) -> int:
    """A seed below 2**63 that no other prompt and batch shares, but by a chance of 2**-63."""
    digest = hashlib.sha256(f"{seed}\0{prompt}\0{start}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
