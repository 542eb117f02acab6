"""One training of one kind in a process of its own: `python trainings.py KIND SIZE`, JSON out.

Each runs alone, since our memory settings hold for a whole process and the peer must not have them.
"""

import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from recipe import BLOCK, train_on
from transformers import GPT2Config, GPT2LMHeadModel, TrainerCallback

from components.lm.models import TORCH_DTYPES
from components.lm.precision import choose_precision, gemm_rate
from components.train.allocator import large_buffers_kept
from components.train.computing import computing_of
from components.train.config import Method, TrainConfig
from components.train.data import Posts, epoch_batches, make_batch
from components.train.loss import loss_function
from components.train.method import make_trainable
from components.train.optimizer import MasterAdamW
from components.train.suit import suit_processor

CPU = torch.device("cpu")
FORWARD_AND_THROUGH, OF_A_WEIGHT = 4, 2
"""Operations a token and weight: for the result and the gradient that goes on; for the weight's
own, which frozen weights do without."""


@dataclass(frozen=True)
class Size:
    """The shape of the model and how long a run is."""

    model: GPT2Config
    steps: int


SIZES = {
    "quick": Size(GPT2Config(n_layer=2, n_embd=256, n_head=4), 2),
    "gpt2": Size(GPT2Config(), 6),  # 124 million weights
}


def make_model(size: Size) -> GPT2LMHeadModel:
    torch.manual_seed(0)
    return GPT2LMHeadModel(size.model)


def made_up_posts(count: int, vocabulary: int) -> Posts:
    """Posts of random tokens, as long as real ones: 5 to 70 tokens, half of them below 20."""
    draw = np.random.default_rng(0)
    lengths = draw.lognormal(3.0, 0.6, count).clip(5, 70).astype(int)
    start = vocabulary - 1
    return Posts([[start, *draw.integers(0, start, n).tolist()] for n in lengths], 0)


def ours(size: Size, method: Method) -> dict[str, float]:
    """Steps of our loop, the first left out; as many tokens as the peer's, and as many a step.

    The posts hold tokens of the whole vocabulary, so that the loss looks at all of it.
    """
    config, steps = TrainConfig(method=method, batch_tokens=BLOCK), size.steps
    dtype = TORCH_DTYPES[choose_precision("auto", CPU).dtype]
    model = make_model(size).eval()
    posts = made_up_posts(60 * (steps + 1), size.model.vocab_size)
    weights = sum(parameter.numel() for parameter in model.parameters())
    suited = suit_processor(model, dtype, posts)
    parameters = make_trainable(model, config)
    trained = sum(parameter.numel() for parameter in parameters)
    optimizer = MasterAdamW(parameters, 0.0, dtype)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    order = np.random.default_rng(0)
    packed = suited.packed
    numbers = epoch_batches(posts, config.batch_tokens, order, packed=packed)[: steps + 1]
    batches = [make_batch(posts, batch, CPU) for batch in numbers]
    loss_of = loss_function(model, batches[0], packed=packed)
    computing = computing_of(loss_of, parameters, suited)
    rate = gemm_rate(dtype)
    for at, batch in enumerate(batches):
        if at == 1:
            start = time.perf_counter()
        computing.gradients(batch.tokens, [batch])
        optimizer.step(1e-4)
    seconds = time.perf_counter() - start
    limit = rate / (FORWARD_AND_THROUGH * weights + OF_A_WEIGHT * trained)
    return _facts(sum(batch.tokens for batch in batches[1:]) / seconds, rate, limit)


class _Clock(TrainerCallback):
    """When each step ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ends.append(time.perf_counter())


def original(size: Size) -> dict[str, float]:
    """Steps of the original's recipe, the first left out: one block of 1024 tokens each, fp32."""
    draw = np.random.default_rng(0)
    blocks = draw.integers(0, size.model.vocab_size, (size.steps + 1, BLOCK))
    model = make_model(size)
    rate, clock = gemm_rate(torch.float32), _Clock()
    train_on(blocks, model, [clock])
    speed = size.steps * BLOCK / (clock.ends[-1] - clock.ends[0])
    return _facts(speed, rate, rate / (6 * model.num_parameters()))


def _facts(speed: float, rate: float, limit: float) -> dict[str, float]:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"tokens_per_second": speed, "gemm": rate, "limit": limit, "memory": memory}


def main() -> None:
    kind, size = sys.argv[1], SIZES[sys.argv[2]]
    if kind == "original":
        facts = original(size)
    else:
        with large_buffers_kept():
            facts = ours(size, cast(Method, kind))
    Path(sys.argv[3]).write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
