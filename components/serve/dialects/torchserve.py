"""TorchServe's inference API: `/predictions`."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from components.contracts.mark import Mark
from components.serve.context import Context
from components.serve.dialects.torchserve_bodies import REQUEST_BODY, Prediction, read_body
from components.serve.dialects.torchserve_errors import TORCHSERVE
from components.serve.dialects.unread import check_query
from components.serve.personas.model import Model
from components.serve.requests.answers import (
    GenerationResult,
    Streamed,
    Wording,
    as_json_line,
    labels,
    streamed_as,
    write,
)
from components.serve.requests.generation import Ask, SampleDelta

Name = Annotated[str, Path(description="the model's name")]
Version = Annotated[str, Path(description="its version")]


class GenerationAnswer(BaseModel):
    """One sample."""

    text: str
    """What the model wrote, the prompt left out."""
    finish_reason: str


class PredictionAnswer(BaseModel):
    """The samples, and who wrote them."""

    model: str
    model_version: str
    ai_generated: bool
    generations: list[GenerationAnswer]
    mark: Mark | None = None
    """Where one was asked for."""


def torchserve(context: Context) -> APIRouter:
    """`POST` and `PUT /predictions/{model}[/{version}]`."""
    router = APIRouter(tags=["TorchServe"], responses=TORCHSERVE.documented())

    async def answer(request: Request, name: str, version: str | None, *, raw: bool) -> Response:
        context.tokens.check_inference(request.headers.get("authorization"))
        context.personas.find(name, version)
        check_query(request.query_params, Prediction.model_fields)
        asked = await read_body(request, raw=raw)
        ask = Ask((asked.prompt,), asked.n, asked.sampling())
        wanted = context.marks.wanted(request.headers, asked.mark)
        if asked.stream:
            wording = context.marks.streamed(wanted, LINES, ask)
            return Streamed(context.writer, name, version, ask, wording)
        written = await write(request, context.writer, name, version, ask)
        mark = context.marks.beside(wanted, written.model, written.texts)
        return JSONResponse(_body(written) | mark, headers=labels(written.model))

    async def predict(request: Request, model: Name) -> Response:
        """Write on from a prompt, with the version in production."""
        return await answer(request, model, None, raw=False)

    async def predict_version(request: Request, model: Name, version: Version) -> Response:
        """Write on from a prompt, with this version."""
        return await answer(request, model, version, raw=False)

    async def predict_raw(request: Request, model: Name) -> Response:
        """Write on from the text that the body is, as `curl -T` sends it."""
        return await answer(request, model, None, raw=True)

    async def predict_raw_version(request: Request, model: Name, version: Version) -> Response:
        """Write on from the text that the body is, with this version."""
        return await answer(request, model, version, raw=True)

    for method, plain, versioned in (
        ("POST", predict, predict_version),
        ("PUT", predict_raw, predict_raw_version),
    ):
        for path, endpoint in (("", plain), ("/{version}", versioned)):
            router.add_api_route(
                "/predictions/{model}" + path,
                endpoint,
                methods=[method],
                response_model=PredictionAnswer,
                responses=streamed_as(LINES.media_type),
                openapi_extra=REQUEST_BODY if method == "POST" else RAW_BODY,
            )
    return router


RAW_BODY: dict[str, Any] = {
    "requestBody": {"content": {"text/plain": {"schema": {"type": "string"}}}}
}


def _body(written: GenerationResult) -> dict[str, Any]:
    return {
        "model": written.model.name,
        "model_version": written.model.version,
        "ai_generated": True,
        "generations": [
            {"text": sample.text, "finish_reason": sample.finish_reason}
            for sample in written.samples
        ],
    }


def _piece(model: Model, delta: SampleDelta) -> dict[str, Any]:
    return {"index": delta.index, "text": delta.text}


LINES = Wording(TORCHSERVE, "application/x-ndjson", _piece, as_json_line)
