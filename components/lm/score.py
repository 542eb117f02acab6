"""How well a model predicts posts, in bits."""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from components.contracts.errors import BadInputError
from components.lm.models import LanguageModel

TOKENS_A_BATCH = 2048


def post_bits(lm: LanguageModel, texts: Sequence[str]) -> list[float]:
    """The bits that `lm` needs for each post: the sum of -log2 p over its tokens and the end token.

    Every post is scored alone, after the start token. Posts of one length share a batch, so there
    is no padding that could change a figure.

    Raises:
        BadInputError: a post is longer than the context length.
    """
    posts = [[lm.start_token_id, *ids, lm.end_token_id] for ids in lm.encode(texts)]
    for number, ids in enumerate(posts, 1):
        if len(ids) - 1 > lm.max_positions:
            raise BadInputError(
                f"post {number} has {len(ids) - 2} tokens; "
                f"the model's context length is {lm.max_positions}"
            )
    bits = [math.nan] * len(posts)
    for batch in _batches([len(ids) for ids in posts]):
        rows = torch.tensor([posts[number] for number in batch], device=lm.device)
        for number, value in zip(batch, _bits(lm, rows), strict=True):
            bits[number] = value
    return bits


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of the posts, in batches of one length and of about TOKENS_A_BATCH tokens."""
    by_length: dict[int, list[int]] = {}
    for number, length in enumerate(lengths):
        by_length.setdefault(length, []).append(number)
    for length, numbers in sorted(by_length.items()):
        size = max(1, TOKENS_A_BATCH // length)
        for first in range(0, len(numbers), size):
            yield numbers[first : first + size]


@torch.inference_mode()
def _bits(lm: LanguageModel, rows: Tensor) -> list[float]:
    """Bits of each row of `rows` [posts, tokens], its first token given."""
    logits = lm.model(input_ids=rows[:, :-1], use_cache=False).logits.float()
    nats = cross_entropy(logits.transpose(1, 2), rows[:, 1:], reduction="none")
    return [float(value) for value in nats.double().sum(dim=1) / math.log(2)]
