import math

import pytest
import torch

from components.contracts.errors import BadInputError
from components.lm.models import LanguageModel
from components.lm.score import post_bits

TEXTS = ["a kettle", "", "the cat signs 🚲", "rain, soup " * 9, "a kettle", "b kettle", "\n\u200d"]


def one_by_one(lm: LanguageModel, text: str) -> float:
    with torch.no_grad():
        ids = torch.tensor([[lm.start_token_id, *lm.encode([text])[0], lm.end_token_id]])
        chances = lm.model(ids).logits[0, :-1].log_softmax(-1)
    return -float(chances.gather(1, ids[0, 1:, None]).sum()) / math.log(2)


def test_batches_give_what_plain_scoring_gives(lm: LanguageModel) -> None:
    assert post_bits(lm, TEXTS) == pytest.approx([one_by_one(lm, text) for text in TEXTS], rel=1e-5)


def test_scores_are_the_same_every_time(lm: LanguageModel) -> None:
    assert post_bits(lm, TEXTS) == post_bits(lm, TEXTS)


def test_no_posts_no_scores(lm: LanguageModel) -> None:
    assert post_bits(lm, []) == []


def test_a_post_that_the_model_cannot_look_at_is_named(lm: LanguageModel) -> None:
    with pytest.raises(BadInputError, match="post 1 has .* context length is 128"):
        post_bits(lm, ["z" * 500])
