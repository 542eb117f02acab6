import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from components.lm import score
from components.lm.models import LanguageModel, load_model
from components.lm.score import Scorer

TEXTS = ["a kettle", "", "the cat signs 🚲", "rain, soup " * 9, "a kettle", "b kettle", "\n\u200d"]


@pytest.fixture(params=["gpt2", "llama"])
def folder(request: pytest.FixtureRequest, model_folder: Callable[[str], Path]) -> Path:
    return model_folder(request.param)


def one_by_one(lm: LanguageModel, text: str) -> float:
    with torch.no_grad():
        ids = torch.tensor([[lm.start_token_id, *lm.encode([text])[0], lm.end_token_id]])
        chances = lm.model(ids).logits[0, :-1].log_softmax(-1)
    return -float(chances.gather(1, ids[0, 1:, None]).sum()) / math.log(2)


def bits(folder: Path, texts: list[str]) -> list[float]:
    found = dict(Scorer(folder).bits(texts))
    return [found[number] for number in range(len(texts))]


@pytest.mark.parametrize("tokens", [1, 7, 64, 1024])
def test_batches_give_what_transformers_gives_one_by_one(
    folder: Path, tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "TOKENS_A_STEP", tokens)
    lm = load_model(folder)
    assert bits(folder, TEXTS) == pytest.approx([one_by_one(lm, text) for text in TEXTS], rel=1e-5)


def test_scores_are_the_same_every_time(folder: Path) -> None:
    assert bits(folder, TEXTS) == bits(folder, TEXTS)


def test_no_posts_no_scores(folder: Path) -> None:
    assert bits(folder, []) == []


def test_a_post_that_is_longer_than_the_context_has_no_score(folder: Path) -> None:
    assert set(dict(Scorer(folder).bits(["z" * 500, "a kettle"]))) == {1}
