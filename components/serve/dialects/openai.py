"""OpenAI's API, as far as completions need it."""

import time
import uuid
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from components.serve.context import Context
from components.serve.dialects.openai_bodies import (
    Completion,
    CompletionRequest,
    ModelCard,
    ModelList,
    choice,
    usage,
)
from components.serve.dialects.openai_errors import OPENAI
from components.serve.dialects.unread import check_query
from components.serve.personas.model import Model
from components.serve.requests.answers import (
    SSE,
    GenerationResult,
    Streamed,
    Wording,
    as_event,
    labels,
    streamed_as,
    write,
)
from components.serve.requests.generation import GenerationStream, SampleDelta

OWNER = "huggingtweets"
DONE = b"data: [DONE]\n\n"


def openai(context: Context) -> APIRouter:
    """`/v1/completions` and `/v1/models`."""

    async def allowed(request: Request) -> None:
        """Whoever may not ask learns nothing else about the request."""
        context.tokens.check_inference(request.headers.get("authorization"))

    router = APIRouter(
        prefix="/v1",
        tags=["OpenAI"],
        dependencies=[Depends(allowed)],
        responses=OPENAI.documented(),
    )

    @router.post("/completions", response_model=Completion, responses=streamed_as(SSE))
    async def complete(request: Request, asked: CompletionRequest) -> Response:
        """Write on from a prompt, or from several."""
        name, version = name_and_version(asked.model)
        context.personas.find(name, version)
        check_query(request.query_params, CompletionRequest.model_fields)
        ask = asked.ask()
        wanted = context.marks.wanted(request.headers, asked.mark)
        if asked.stream:
            wording = context.marks.streamed(wanted, _wording(asked), ask)
            return Streamed(context.writer, name, version, ask, wording)
        written = await write(request, context.writer, name, version, ask)
        mark = context.marks.beside(wanted, written.model, written.texts)
        return JSONResponse(_whole(asked, written) | mark, headers=labels(written.model))

    @router.get("/models", response_model=ModelList)
    async def models() -> JSONResponse:
        """Every model that may be named."""
        found = []
        for name in context.personas.names():
            found.append(_card(name, context.personas.answering(name)))
            found += [_card(model.label, model) for model in context.personas.of(name)]
        return JSONResponse({"object": "list", "data": found})

    @router.get("/models/{model}", response_model=ModelCard)
    async def model(model: str) -> JSONResponse:
        """One model."""
        return JSONResponse(_card(model, context.personas.find(*name_and_version(model))))

    return router


def name_and_version(model: str) -> tuple[str, str | None]:
    """The parts of `persona@version`; no version where none is named."""
    name, _, version = model.partition("@")
    return name, version or None


def _card(model_id: str, model: Model | None) -> dict[str, Any]:
    card = {"id": model_id, "object": "model", "created": 0, "owned_by": OWNER}
    adapted = model.adapted if model else None
    return {
        **card,
        "dtype": model.dtype if model else None,
        "root": model.place if model else None,
        "parent": adapted.id if adapted else None,
    }


class _Envelope:
    """What every piece of one answer repeats."""

    def __init__(self) -> None:
        self._id, self._created = f"cmpl-{uuid.uuid4().hex}", int(time.time())

    def around(self, model: Model, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "text_completion",
            "created": self._created,
            "model": model.label,
            "ai_generated": True,
            "model_version": model.version,
            "choices": choices,
        }


def _whole(asked: CompletionRequest, written: GenerationResult) -> dict[str, Any]:
    choices = [
        choice(index, sample.text, sample.finish_reason, sample.logprobs, asked.logprobs)
        for index, sample in enumerate(written.samples)
    ]
    counts = usage(written.prompt_tokens, written.tokens)
    return _Envelope().around(written.model, choices) | {"usage": counts}


def _wording(asked: CompletionRequest) -> Wording:
    envelope = _Envelope()

    def piece(model: Model, delta: SampleDelta) -> dict[str, Any]:
        new = choice(delta.index, delta.text, delta.finish_reason, delta.logprobs, asked.logprobs)
        return envelope.around(model, [new])

    def closing(generation: GenerationStream) -> Iterable[bytes]:
        if asked.stream_options and asked.stream_options.include_usage:
            counts = usage(generation.prompt_tokens, generation.tokens)
            yield as_event(envelope.around(generation.model, []) | {"usage": counts})
        yield DONE

    return Wording(OPENAI, SSE, piece, as_event, closing)
