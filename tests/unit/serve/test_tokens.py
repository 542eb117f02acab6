"""Prompts as tokens, and the tokens that an answer tells of: OpenAI's client, a real tiny model."""

from collections.abc import Iterator, Sequence

import openai
import pytest
from openai.types import Completion
from support.servers import serving
from support.tiny_models import make_tiny_model
from support.tiny_versions import publish_tiny

from components.lm.engine.protocol import TokenLogprob
from components.lm.tokenizer import Tokenizer, load_tokenizer
from components.registry import Registry
from components.serve.dialects.openai_bodies import choice
from components.serve.personas.loader import make_engine

TEXT = "rain on the roof, soup"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return load_tokenizer(make_tiny_model(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    place = tmp_path_factory.mktemp("tokens")
    registry = Registry.open(str(place / "registry"))
    publish_tiny(registry, "jane", make_tiny_model(place / "tiny"))
    registry.move_alias("jane", "production", 1)
    with (
        serving(registry, place / "cache", make_engine, dtype="fp32") as running,
        openai.OpenAI(base_url=f"{running.inference}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


def complete(
    client: openai.OpenAI,
    prompt: str | list[str] | list[int] | list[list[int]],
    *,
    logprobs: int | None = None,
    echo: bool = False,
    n: int = 1,
    stream: bool = False,
) -> Sequence[Completion]:
    """All pieces of the answer, which is one where it does not stream."""
    options = {"model": "jane", "max_tokens": 12, "seed": 5, "extra_body": {"ignore_eos": True}}
    answer = client.completions.create(
        prompt=prompt, logprobs=logprobs, echo=echo, n=n, stream=stream, **options
    )  # type: ignore[call-overload]
    return list(answer) if stream else [answer]


def texts(pieces: Sequence[Completion]) -> list[str]:
    found: dict[int, str] = {}
    for piece in pieces:
        for one in piece.choices:
            found[one.index] = found.get(one.index, "") + one.text
    return [found[index] for index in sorted(found)]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("echo", [True, False])
def test_tokens_are_the_prompt_that_they_stand_for(
    client: openai.OpenAI, tokenizer: Tokenizer, stream: bool, echo: bool
) -> None:
    ids = tokenizer.encode(TEXT)
    told = texts(complete(client, TEXT, echo=echo, stream=stream))
    assert texts(complete(client, ids, echo=echo, stream=stream)) == told
    with_start = [tokenizer.start_token_id, *ids]
    assert texts(complete(client, with_start, echo=echo, stream=stream)) == told


def test_several_prompts_of_tokens(client: openai.OpenAI, tokenizer: Tokenizer) -> None:
    prompts = [TEXT, "the cat"]
    told = complete(client, prompts, n=2)
    found = complete(client, [tokenizer.encode(prompt) for prompt in prompts], n=2)
    assert texts(found) == texts(told)
    assert found[0].usage == told[0].usage


def test_tokens_are_taken_as_they_are(client: openai.OpenAI, tokenizer: Tokenizer) -> None:
    """Not as their text would be read: one letter each, where the tokenizer would take words."""
    letters = [tokenizer.encode(letter)[0] for letter in "rain"]
    assert letters != tokenizer.encode("rain")
    [answer] = complete(client, letters, echo=True, logprobs=0)
    assert answer.choices[0].logprobs is not None
    assert answer.choices[0].logprobs.tokens is not None
    assert answer.choices[0].logprobs.tokens[:4] == list("rain")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 5


@pytest.mark.parametrize("ids", [[100_000], [0, 2_000_000_000], [[1], [100_000]]])
def test_a_token_that_the_model_lacks_is_refused(
    client: openai.OpenAI, ids: list[int] | list[list[int]]
) -> None:
    with pytest.raises(openai.BadRequestError, match="not one of the model's"):
        complete(client, ids)


def test_too_many_tokens_are_refused(client: openai.OpenAI) -> None:
    with pytest.raises(
        openai.BadRequestError, match="longer than the model's context length of 128 tokens"
    ):
        complete(client, [1] * 100_000)


@pytest.mark.parametrize("asked", [0, 1, 5])
@pytest.mark.parametrize("stream", [True, False])
def test_what_was_drawn_is_always_among_the_top(
    client: openai.OpenAI, asked: int, stream: bool
) -> None:
    for piece in complete(client, TEXT, logprobs=asked, n=3, stream=stream):
        for one in piece.choices:
            told = one.logprobs
            assert told is not None
            assert told.tokens is not None
            assert told.token_logprobs is not None
            assert told.top_logprobs is not None
            for token, value, top in zip(
                told.tokens, told.token_logprobs, told.top_logprobs, strict=True
            ):
                assert top[token] == value
                assert len(top) <= asked + 1
                assert list(top.values()) == sorted(top.values(), reverse=True)


def test_a_token_that_is_not_among_the_top_is_one_more() -> None:
    drawn = TokenLogprob("rare", -9.0, (("often", -0.1), ("also", -2.5)), 0)
    told = choice(0, "rare", "stop", [drawn], 2)["logprobs"]
    assert told["top_logprobs"] == [{"often": -0.1, "also": -2.5, "rare": -9.0}]
    assert choice(0, "rare", "stop", [drawn], None)["logprobs"] is None
