import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from components.lm.engine.protocol import Engine, Event, Request, Sampling, TokenLogprob
from components.lm.models import LanguageModel, load_model


@pytest.fixture
def lm(folder: Path) -> LanguageModel:
    return load_model(folder)


def truth(lm: LanguageModel, ids: list[int]) -> Tensor:
    """The log probabilities after each of `ids`."""
    with torch.inference_mode():
        logits: Tensor = lm.model(torch.tensor([ids])).logits[0]
    return logits.log_softmax(dim=-1)


def heard(events: list[Event], index: int) -> tuple[str, list[TokenLogprob]]:
    own = [event for event in events if event.index == index]
    return "".join(event.text for event in own), [one for event in own for one in event.logprobs]


def check(
    lm: LanguageModel, ids: list[int], text: str, found: list[TokenLogprob], first: int
) -> None:
    """`found` are the log probabilities of `ids` from number `first` on, in `text`."""
    expected = truth(lm, ids)
    for number, one in enumerate(found, first):
        row = expected[number - 1]
        assert one.logprob == pytest.approx(float(row[ids[number]]), abs=1e-4)
        values = [value for _, value in one.top]
        assert values == pytest.approx(row.topk(3).values.tolist(), abs=1e-4)
        if not one.token.startswith("bytes:"):  # bytes that are no text may stand before it
            rest = text[one.offset :].lstrip("\ufffd")
            assert rest.startswith(one.token) or one.token.startswith(rest)


def test_log_probabilities_are_those_of_transformers(engine: Engine, lm: LanguageModel) -> None:
    prompt = "rain on the roof 🚲, soup"
    sampling = Sampling(max_tokens=20, seed=3, logprobs=3, echo=True)
    events = list(engine.submit(Request(prompt, 2, sampling)))
    ids = [lm.start_token_id, *lm.encode([prompt])[0]]
    for index in (0, 1):
        text, found = heard(events, index)
        assert text.startswith(prompt)
        assert text[: found[len(ids) - 1].offset] == prompt
        check(lm, ids, text, found[: len(ids) - 1], 1)
        first_event = next(event for event in events if event.index == index)
        assert (first_event.text, len(first_event.logprobs)) == (prompt, len(ids) - 1)


def test_greedy_tokens_have_the_best_one_s_log_probability(
    engine: Engine, lm: LanguageModel
) -> None:
    sampling = Sampling(max_tokens=12, temperature=0, logprobs=3)
    text, found = heard(list(engine.submit(Request("the", 1, sampling))), 0)
    ids = [lm.start_token_id, *lm.encode(["the"])[0]]
    for one in found:
        ids.append(int(truth(lm, ids)[-1].argmax()))
        assert one.logprob == one.top[0][1]
        assert one.token == one.top[0][0]
    check(lm, ids, text, found, len(ids) - len(found))
    assert all(one.offset < len(text) for one in found)


def test_a_prompt_can_be_scored_alone(engine: Engine, lm: LanguageModel) -> None:
    sampling = Sampling(max_tokens=0, logprobs=0, echo=True)
    (event,) = engine.submit(Request("soup on the stove", 1, sampling))
    ids = [lm.start_token_id, *lm.encode(["soup on the stove"])[0]]
    expected = truth(lm, ids)
    total = sum(float(expected[at][token]) for at, token in enumerate(ids[1:]))
    assert math.fsum(one.logprob for one in event.logprobs) == pytest.approx(total, abs=1e-3)
    assert (event.text, event.finish_reason, event.tokens) == ("soup on the stove", "length", 0)
    assert "".join(one.token for one in event.logprobs) == "soup on the stove"


def test_echo_without_log_probabilities(engine: Engine) -> None:
    plain = list(engine.submit(Request("my", 2, Sampling(max_tokens=9))))
    echoed = list(engine.submit(Request("my", 2, Sampling(max_tokens=9, echo=True))))
    for index in (0, 1):
        assert heard(echoed, index)[0] == "my" + heard(plain, index)[0]
