"""The original's recipe, huggingtweets' of 2020, as `transformers.Trainer` runs it.

Posts joined by `<|endoftext|>` in a new order each round, cut into blocks of 1024 tokens without
regard to where posts end, one pass over four rounds, batch 1, AdamW at 1.372e-4 with a cosine to
zero, fp32, nothing validated.

`python recipe.py DATASET BASE_MODEL OUT` trains so from start to end, JSON out.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from components.lm.models import LanguageModel, load_model
from components.train.computing import InTurn
from components.train.config import TrainConfig
from components.train.data import Posts, in_batches, read_posts, sample_evenly
from components.train.loss import loss_function

BLOCK = 1024
ROUNDS = 4


def train_on(blocks: Any, model: Any, callbacks: Sequence[TrainerCallback] = ()) -> None:
    """Train `model` in place on `blocks` [steps, BLOCK] of token ids, one a step."""
    data = [{"input_ids": block, "labels": block} for block in torch.tensor(blocks)]
    arguments = TrainingArguments(
        output_dir="build/bench/original",
        max_steps=len(blocks),
        per_device_train_batch_size=1,
        learning_rate=1.372e-4,
        lr_scheduler_type="cosine",
        warmup_steps=0,
        use_cpu=True,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        logging_strategy="no",
        seed=0,
    )
    Trainer(
        model=model, args=arguments, train_dataset=cast(Any, data), callbacks=list(callbacks)
    ).train()


def blocks_of(posts: Posts, separator: int, draw: np.random.Generator) -> Any:
    """The blocks [steps, BLOCK] that the recipe makes of `posts`; what fills no block is left."""
    rounds = [draw.permutation(len(posts.ids)) for _ in range(ROUNDS)]
    stream = list(
        chain.from_iterable((*posts.ids[at][1:-1], separator) for at in chain.from_iterable(rounds))
    )
    steps = len(stream) // BLOCK
    return np.array(stream[: steps * BLOCK]).reshape(steps, BLOCK)


def whole_training(dataset: Path, base_model: Path) -> dict[str, float]:
    """Seconds, tokens, and the loss (nats a token) on the validation posts that ours is judged on.

    One separator stands before and after every post, as in the recipe, when it is judged too.
    """
    lm = load_model(base_model)
    lm = replace(lm, end_token_id=lm.start_token_id)
    blocks = blocks_of(
        read_posts(dataset, "train", lm), lm.start_token_id, np.random.default_rng(0)
    )
    start = time.perf_counter()
    train_on(blocks, lm.model)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "tokens": blocks.size, "loss": _validated(dataset, lm)}


def _validated(dataset: Path, lm: LanguageModel) -> float:
    config = TrainConfig()
    posts = sample_evenly(read_posts(dataset, "validation", lm), config.validation_tokens)
    batches = in_batches(posts, config.batch_tokens, lm.device)
    lm.model.eval()
    nats = InTurn(loss_function(lm.model, batches[0])).nats(batches)
    return nats / sum(batch.tokens for batch in batches)


if __name__ == "__main__":
    dataset, base_model, out = map(Path, sys.argv[1:])
    out.write_text(json.dumps(whole_training(dataset, base_model)))
