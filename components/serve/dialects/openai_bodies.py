"""What OpenAI's clients send and get (platform.openai.com/docs/api-reference/completions)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from components.contracts.mark import Mark
from components.lm.engine.protocol import FinishReason, TokenLogprob
from components.serve.dialects.fields import (
    DEFAULTS,
    MOST_SAMPLES,
    MOST_TOKENS,
    DrawingFields,
    KnownFields,
    Temperature,
    Text,
    TopP,
)
from components.serve.problems import Kind, Problem
from components.serve.requests.generation import Ask

MOST_PROMPTS = 64
MOST_LOGPROBS = 5
MOST_TOKEN = (1 << 31) - 1


Token = Annotated[int, Field(ge=0, le=MOST_TOKEN)]
Tokens = Annotated[list[Token], Field(max_length=MOST_TOKENS, fail_fast=True)]


def _one_of_the_prompts(given: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """One sentence for what is wrong with a prompt, which may be of four kinds."""
    try:
        return check(given)
    except ValidationError:
        if isinstance(given, str):
            raise
        said = f"it must be a text, a list of 1 to {MOST_PROMPTS} texts, tokens, or lists of tokens"
        raise ValueError(said) from None


Prompt = Annotated[
    Text
    | Annotated[list[Text], Field(min_length=1, max_length=MOST_PROMPTS, fail_fast=True)]
    | Annotated[Tokens, Field(min_length=1)]
    | Annotated[list[Tokens], Field(min_length=1, max_length=MOST_PROMPTS, fail_fast=True)],
    WrapValidator(_one_of_the_prompts),
]


class StreamOptions(KnownFields):
    """What a stream tells beside the text."""

    include_usage: bool = False
    include_obfuscation: bool | None = None
    """Taken, and not used: nothing is padded here."""


class CompletionRequest(DrawingFields):
    """A request to `/v1/completions`."""

    model: Text
    """`persona`, or `persona@version`."""
    prompt: Prompt = ""
    """How each sample begins, as text or as tokens; a list of these has n samples of each."""
    max_tokens: Annotated[int, Field(ge=0, le=MOST_TOKENS)] | None = None
    """A sample is cut at this many new tokens (60); 0 only with echo."""
    n: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    echo: bool | None = None
    """Give the prompt too, with its log probabilities if asked for."""
    logprobs: Annotated[int, Field(ge=0, le=MOST_LOGPROBS)] | None = None
    """Log probabilities of each token, and beside it of this many most probable ones."""
    best_of: int | None = None
    suffix: str | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    user: Any = None
    """Taken, and not used, as are all below: they say who asks, or how OpenAI handles it."""
    store: Any = None
    metadata: Any = None
    service_tier: Any = None
    safety_identifier: Any = None
    prompt_cache_key: Any = None
    prompt_cache_retention: Any = None

    @model_validator(mode="after")
    def _can_be_done(self) -> "CompletionRequest":
        """What would change the texts and cannot be done here is refused, not ignored."""
        if self.max_tokens == 0 and not self.echo:
            raise ValueError("max_tokens is 0, which says nothing without echo")
        if self.best_of is not None and self.best_of != (self.n or 1):
            raise ValueError("best_of other than n is not supported")
        for name in ("suffix", "presence_penalty", "frequency_penalty", "logit_bias"):
            if getattr(self, name):
                raise ValueError(f"{name} is not supported")
        return self

    def ask(self) -> Ask:
        """The request as the writer takes it.

        Raises:
            Problem: it asks for more samples than one request may.
        """
        prompts, n = self._prompts(), self.n or 1
        if n * len(prompts) > MOST_SAMPLES:
            raise Problem(
                Kind.BAD_REQUEST,
                f"{len(prompts)} prompts with n={n} are more than {MOST_SAMPLES} samples",
                "prompt",
            )
        given = {
            name: value
            for name in ("max_tokens", "temperature", "top_p", "logprobs")
            if (value := getattr(self, name)) is not None
        }
        sampling = replace(DEFAULTS, **given, **self.drawing(), echo=bool(self.echo))
        return Ask(prompts, n, sampling)

    def _prompts(self) -> tuple[str | tuple[int, ...], ...]:
        if isinstance(self.prompt, str):
            return (self.prompt,)
        tokens = tuple(one for one in self.prompt if isinstance(one, int))
        if tokens:
            return (tokens,)
        return tuple(
            one if isinstance(one, str) else tuple(one)
            for one in self.prompt
            if not isinstance(one, int)
        )


class Logprobs(BaseModel):
    """What the model thought of each token."""

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class Choice(BaseModel):
    """One sample, or what is new in it."""

    index: int
    text: str
    logprobs: Logprobs | None
    finish_reason: Literal["stop", "length"] | None


class Usage(BaseModel):
    """Tokens read and drawn."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """An answer, or a piece of one."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    ai_generated: bool
    model_version: str
    choices: list[Choice]
    usage: Usage | None = None
    mark: Mark | None = None
    """Where one was asked for: in a stream, with the last sample's end."""


class ModelCard(BaseModel):
    """One model that may be named."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    dtype: str | None
    """What it is computed in; null while it is not in memory."""
    root: str | None
    """Where it lies in the registry, as `<persona>/versions/<n>`; null while nobody has looked."""
    parent: str | None
    """The base model that it is an adapter of, as vLLM names it; null for a whole model."""


class ModelList(BaseModel):
    """All models that may be named."""

    object: Literal["list"]
    data: list[ModelCard]


def choice(
    index: int,
    text: str,
    finish_reason: FinishReason | None,
    logprobs: Sequence[TokenLogprob],
    asked: int | None,
) -> dict[str, Any]:
    """One entry of `choices`."""
    told = None if asked is None else _logprobs(logprobs)
    return {"index": index, "text": text, "logprobs": told, "finish_reason": finish_reason}


def usage(prompt_tokens: int, tokens: int) -> dict[str, int]:
    """The `usage` of a request."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": tokens,
        "total_tokens": prompt_tokens + tokens,
    }


def _logprobs(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    """The token that was drawn is among the most probable ones, or one more, as in vLLM."""
    return {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [dict(token.top) | {token.token: token.logprob} for token in tokens],
        "text_offset": [token.offset for token in tokens],
    }
