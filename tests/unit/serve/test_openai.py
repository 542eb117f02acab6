"""OpenAI's own client against the server."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
import requests
from support.fake_engine import FakeEngines
from support.servers import Running, publish, serving, until

from components.registry import Registry


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.inference}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_a_completion(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="jane", prompt="x y", n=2, seed=5)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.choices[1].text == " sample 1 of seed 5, and so on."
    assert answer.choices[1].finish_reason == "stop"
    assert answer.model == "jane@1"
    assert answer.to_dict()["ai_generated"] is True
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 18)


def test_the_label_is_in_the_headers(client: openai.OpenAI) -> None:
    raw = client.completions.with_raw_response.create(model="jane@2", prompt="x")
    assert raw.headers["x-ai-generated"] == "true"
    assert (raw.headers["x-model-name"], raw.headers["x-model-version"]) == ("jane", "2")
    assert raw.parse().model == "jane@2"


def test_a_stream(client: openai.OpenAI) -> None:
    stream = client.completions.create(
        model="jane", prompt=["a", "b"], n=2, seed=5, stream=True,
        stream_options={"include_usage": True},
    )  # fmt: skip
    texts, reasons, usage = {}, {}, None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + choice.text
            reasons[choice.index] = choice.finish_reason or reasons.get(choice.index)
    assert texts == {index: f" sample {index % 2} of seed 5, and so on." for index in range(4)}
    assert set(reasons.values()) == {"stop"}
    assert usage is not None
    assert usage.total_tokens == 2 * 2 + 4 * 9


def test_a_stream_ends_as_openai_ends_it(running: Running) -> None:
    answer = requests.post(
        f"{running.inference}/v1/completions",
        json={"model": "jane", "prompt": "x", "stream": True}, timeout=9,
    )  # fmt: skip
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("\n\ndata: [DONE]\n\n")


def test_echo_and_logprobs(client: openai.OpenAI) -> None:
    answer = client.completions.create(
        model="jane", prompt="My dream", seed=5, echo=True, logprobs=2
    )
    [choice] = answer.choices
    assert choice.text == "My dream sample 0 of seed 5, and so on."
    assert choice.logprobs is not None
    assert choice.logprobs.tokens == [
        "My", "dream", " sample", " 0", " of", " seed 5", ",", " and", " so", " on", ".",
    ]  # fmt: skip
    assert choice.logprobs.token_logprobs == [-0.5] * 11
    assert choice.logprobs.top_logprobs is not None
    assert choice.logprobs.top_logprobs[2] == {" sample": -0.5, "other": -1.5}
    assert choice.logprobs.text_offset is not None
    for token, offset in list(
        zip(choice.logprobs.tokens, choice.logprobs.text_offset, strict=True)
    )[2:]:
        assert choice.text[offset:].startswith(token)


def test_only_the_prompt_is_scored(client: openai.OpenAI) -> None:
    answer = client.completions.create(
        model="jane", prompt="My dream", max_tokens=0, echo=True, logprobs=1
    )
    assert answer.choices[0].text == "My dream"
    assert answer.choices[0].finish_reason == "length"


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [
        "jane", "jane@1", "jane@2", "john", "john@1",
    ]  # fmt: skip
    assert client.models.retrieve("jane@2").id == "jane@2"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


def test_a_persona_with_a_candidate_alone_is_listed(registry: Registry, tmp_path: Path) -> None:
    publish(registry)
    publish(registry, "ann", alias="candidate")
    with serving(registry, tmp_path / "cache", FakeEngines()) as running:

        def cards() -> dict[str, str | None]:
            answer = requests.get(f"{running.inference}/v1/models", timeout=20)
            assert answer.status_code == 200
            return {card["id"]: card["dtype"] for card in answer.json()["data"]}

        until(lambda: cards().get("ann@1") and cards().get("jane"), "the loading")
        assert cards() == {"ann": None, "ann@1": "fp32", "jane": "fp32", "jane@1": "fp32"}


def test_an_unknown_model(client: openai.OpenAI) -> None:
    for model in ("nobody", "jane@7"):
        with pytest.raises(openai.NotFoundError) as caught:
            client.completions.create(model=model, prompt="x")
        assert caught.value.code == "model_not_found"
        assert caught.value.param == "model"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 65}, "n"),
        ({"logprobs": 6}, "logprobs"),
        ({"prompt": [1, -2]}, "prompt"),
        ({"prompt": [1, "x"]}, "prompt"),
        ({"prompt": [[1], 2]}, "prompt"),
        ({"prompt": [True]}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": [[]] * 65}, "prompt"),
        ({"prompt": [0.5] * 5_000}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["x"] * 33, "n": 2}, "prompt"),
        ({"temperature": "hot"}, "temperature"),
        ({"suffix": "end"}, None),
        ({"best_of": 4}, None),
        ({"max_tokens": 0}, None),
    ],
)
def test_what_is_wrong_is_said(
    client: openai.OpenAI, more: dict[str, object], param: str | None
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(**({"model": "jane", "prompt": "x"} | more))  # type: ignore[call-overload]
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"
    assert caught.value.body["message"]  # type: ignore[index]


def test_errors_below_v1_have_openais_body(running: Running) -> None:
    for path, status in (("/v1/nowhere", 404), ("/v1/completions", 405)):
        answer = requests.get(running.inference + path, timeout=9)
        assert answer.status_code == status
        assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
