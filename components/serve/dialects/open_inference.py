"""The Open Inference Protocol v2 with its generate extension.

Source: github.com/kserve/open-inference-protocol, specification/protocol.
"""

import importlib.metadata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from components.serve.context import Context
from components.serve.dialects.open_inference_bodies import (
    TEXT_INPUT,
    GenerateAnswer,
    GenerateRequest,
    Live,
    ModelMetadata,
    Ready,
    ServerMetadata,
)
from components.serve.dialects.open_inference_errors import OPEN_INFERENCE
from components.serve.dialects.open_inference_fields import EngineFields
from components.serve.dialects.open_inference_infer import INFER_DOCUMENT, infer
from components.serve.dialects.tensors import FINISH_REASON, TEXT_OUTPUT
from components.serve.dialects.unread import check_query
from components.serve.personas.model import Model, State
from components.serve.problems import Kind, Problem
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
from components.serve.requests.generation import Ask, SampleDelta

EXTENSIONS = ["generate", "binary_tensor_data"]
PLACES = ("/models/{model}", "/models/{model}/versions/{version}")


def open_inference(context: Context) -> APIRouter:
    """Everything below `/v2`."""
    router = APIRouter(prefix="/v2", tags=["Open Inference"], responses=OPEN_INFERENCE.documented())
    _add_health(router, context)
    for place in PLACES:
        _add_model(router, context, place)
    return router


def _add_health(router: APIRouter, context: Context) -> None:
    @router.get("", response_model=ServerMetadata)
    async def server() -> JSONResponse:
        """Who answers."""
        version = importlib.metadata.version("huggingtweets")
        document = {"name": "huggingtweets", "version": version, "extensions": EXTENSIONS}
        return JSONResponse(document)

    @router.get("/health/live", response_model=Live)
    async def live() -> JSONResponse:
        """Whether the server lives."""
        return JSONResponse({"live": True})

    @router.get("/health/ready", response_model=Ready)
    async def ready() -> JSONResponse:
        """Whether the server can answer."""
        if not context.health.ready:
            raise Problem(Kind.UNAVAILABLE, "the server is not ready")
        return JSONResponse({"name": "huggingtweets", "ready": True})


def _add_model(router: APIRouter, context: Context, place: str) -> None:
    """The calls about one model, whose version is named where `place` names one."""

    async def allowed(request: Request) -> None:
        """Whoever may not ask learns nothing else about the request."""
        _model_of(context, request)

    add = _adder(router, place, [Depends(allowed)], versioned="{version}" in place)
    _add_descriptions(add, context)
    _add_generation(add, context)


def _model_of(context: Context, request: Request) -> tuple[str, str | None]:
    """The name and the version that a request is about; refuses who may not ask."""
    context.tokens.check_inference(request.headers.get("authorization"))
    name, version = request.path_params["model"], request.path_params.get("version")
    context.personas.find(name, version)
    check_query(request.query_params, (TEXT_INPUT, *EngineFields.model_fields))
    return name, version


def _add_descriptions(add: Callable[..., None], context: Context) -> None:
    async def metadata(request: Request) -> JSONResponse:
        """What the model takes and gives."""
        name, _ = _model_of(context, request)
        versions = [model.version for model in context.personas.of(name)]
        return JSONResponse(_metadata(name, versions))

    async def ready(request: Request) -> JSONResponse:
        """Whether the model is in memory."""
        model = context.personas.find(*_model_of(context, request))
        if model.state is not State.READY:
            raise Problem(Kind.UNAVAILABLE, model.failure or f"{model.label} is not loaded")
        return JSONResponse({"name": model.name, "ready": True})

    add("GET", "", metadata, response_model=ModelMetadata)
    add("GET", "/ready", ready, response_model=Ready)


def _add_generation(add: Callable[..., None], context: Context) -> None:
    async def generate(request: Request, asked: GenerateRequest) -> Response:
        """Write on from a text."""
        name, version = _model_of(context, request)
        ask = _ask(asked, streams=False)
        wanted = context.marks.wanted(request.headers, asked.parameters.mark)
        written = await write(request, context.writer, name, version, ask)
        body = _named(asked) | _answer(written)
        body |= context.marks.beside(wanted, written.model, written.texts)
        return JSONResponse(body, headers=labels(written.model))

    async def generate_stream(request: Request, asked: GenerateRequest) -> Response:
        """Write on from a text; what is new comes as server-sent events."""
        name, version = _model_of(context, request)
        ask = _ask(asked, streams=True)
        wanted = context.marks.wanted(request.headers, asked.parameters.mark)
        wording = context.marks.streamed(wanted, _events(asked), ask)
        return Streamed(context.writer, name, version, ask, wording)

    async def infer_texts(request: Request) -> Response:
        """Write on from the texts of a tensor."""
        name, version = _model_of(context, request)
        return await infer(request, context, name, version)

    add("POST", "/generate", generate, response_model=GenerateAnswer)
    add(
        "POST",
        "/generate_stream",
        generate_stream,
        response_class=Response,
        responses=streamed_as(SSE),
    )
    add("POST", "/infer", infer_texts, **INFER_DOCUMENT)


def _adder(
    router: APIRouter, place: str, dependencies: Sequence[Any], *, versioned: bool
) -> Callable[..., None]:
    """Adds a route below `place`, with its path parameters in the OpenAPI document."""
    names = ("model", "version") if versioned else ("model",)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]

    def add(
        method: str, path: str, endpoint: Callable[..., Awaitable[Response]], **more: Any
    ) -> None:
        extra = {"parameters": parameters} | more.pop("openapi_extra", {})
        more |= {"openapi_extra": extra, "dependencies": dependencies}
        router.add_api_route(place + path, endpoint, methods=[method], **more)

    return add


def _ask(asked: GenerateRequest, *, streams: bool) -> Ask:
    fields = asked.parameters
    fields.check_stream(streams=streams)
    return Ask((asked.text_input,), fields.n, replace(fields.sampling(), echo=fields.echo))


def _named(asked: GenerateRequest) -> dict[str, Any]:
    """The request's own id, which the answer repeats."""
    return {} if asked.id is None else {"id": asked.id}


def _metadata(name: str, versions: list[str]) -> dict[str, Any]:
    def tensor(tensor_name: str) -> dict[str, Any]:
        return {"name": tensor_name, "datatype": "BYTES", "shape": [-1]}

    return {
        "name": name,
        "versions": versions,
        "platform": "huggingtweets",
        "inputs": [tensor(TEXT_INPUT)],
        "outputs": [tensor(TEXT_OUTPUT), tensor(FINISH_REASON)],
    }


def _answer(written: GenerationResult) -> dict[str, Any]:
    texts = written.texts
    reasons = [sample.finish_reason for sample in written.samples]
    one = len(texts) == 1
    return {
        "text_output": texts[0] if one else texts,
        "model_name": written.model.name,
        "model_version": written.model.version,
        "ai_generated": True,
        "details": {"finish_reason": reasons[0] if one else reasons},
    }


def _piece(model: Model, delta: SampleDelta) -> dict[str, Any]:
    return {
        "text_output": delta.text,
        "model_name": model.name,
        "model_version": model.version,
        "ai_generated": True,
        "details": {"finish_reason": delta.finish_reason, "index": delta.index},
    }


def _events(asked: GenerateRequest) -> Wording:
    def piece(model: Model, delta: SampleDelta) -> dict[str, Any]:
        return _named(asked) | _piece(model, delta)

    return Wording(OPEN_INFERENCE, SSE, piece, as_event)
