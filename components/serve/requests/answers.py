"""Generated texts as responses: labelled, whole or as they come, given up when nobody waits."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from components.contracts.errors import HuggingtweetsError
from components.serve.personas.model import Model
from components.serve.problems import ClientGone, Problem, problem_of
from components.serve.requests.dialect import Dialect
from components.serve.requests.disconnect import until_gone
from components.serve.requests.generation import (
    Ask,
    FinishedSample,
    GenerationStream,
    SampleDelta,
    TextGenerator,
)
from components.serve.requests.notes import note

SSE = "text/event-stream; charset=utf-8"


@dataclass(frozen=True)
class GenerationResult:
    """What a request got."""

    model: Model
    samples: list[FinishedSample]
    prompt_tokens: int

    @property
    def tokens(self) -> int:
        """Tokens drawn, of all samples."""
        return sum(sample.tokens for sample in self.samples)

    @property
    def texts(self) -> list[str]:
        """What it shows of each sample."""
        return [sample.text for sample in self.samples]


def labels(model: Model) -> dict[str, str]:
    """The headers that say who wrote a text: a machine, and which."""
    return {
        "x-ai-generated": "true",
        "x-model-name": model.name,
        "x-model-version": model.version,
    }


async def write(
    request: Request, writer: TextGenerator, name: str, version: str | None, ask: Ask
) -> GenerationResult:
    """All samples of a request.

    Raises:
        HuggingtweetsError: there is no such model, or writing failed.
        ClientGone: nobody waits any more.
    """
    return await until_gone(request.receive, _write(writer, name, version, ask))


async def _write(
    writer: TextGenerator, name: str, version: str | None, ask: Ask
) -> GenerationResult:
    generation = await writer.start(name, version, ask)
    try:
        samples = await generation.collect()
        _note(generation)
        return GenerationResult(generation.model, samples, generation.prompt_tokens)
    finally:
        generation.close()


@dataclass(frozen=True)
class Wording:
    """How a dialect writes a stream."""

    dialect: Dialect
    media_type: str
    piece: Callable[[Model, SampleDelta], dict[str, Any]]
    """One document for each new piece of text."""
    frame: Callable[[dict[str, Any]], bytes]
    """A document on the wire."""
    closing: Callable[[GenerationStream], Iterable[bytes]] = lambda generation: ()
    """What follows the last piece."""


class Streamed(Response):
    """Samples as they are written. A failure before the first text is a plain error."""

    def __init__(
        self, writer: TextGenerator, name: str, version: str | None, ask: Ask, wording: Wording
    ) -> None:
        super().__init__()
        self._writer, self._name, self._version = writer, name, version
        self._ask, self._wording = ask, wording

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until it is done, or until the client hangs up."""
        with suppress(ClientGone):
            await until_gone(receive, self._answer(scope, receive, send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            generation = await self._writer.start(self._name, self._version, self._ask)
        except HuggingtweetsError as error:
            await self._wording.dialect.answer(problem_of(error))(scope, receive, send)
            return
        try:
            await send(self._head(generation.model))
            for_end = await self._pieces(generation, send)
            await send({"type": "http.response.body", "body": b"".join(for_end)})
            _note(generation)
        finally:
            generation.close()

    async def _pieces(self, generation: GenerationStream, send: Send) -> Iterable[bytes]:
        """Send every piece; return what ends the stream, which is an error if writing failed."""
        wording = self._wording
        try:
            async for new in generation.deltas():
                body = b"".join(wording.frame(wording.piece(generation.model, one)) for one in new)
                await send({"type": "http.response.body", "body": body, "more_body": True})
        except HuggingtweetsError as error:
            return (wording.frame(self._error(problem_of(error))),)
        return wording.closing(generation)

    def _error(self, problem: Problem) -> dict[str, Any]:
        dialect = self._wording.dialect
        return dialect.body(problem, dialect.statuses[problem.kind])

    def _head(self, model: Model) -> dict[str, Any]:
        headers = {
            "content-type": self._wording.media_type,
            "cache-control": "no-store",
            "x-accel-buffering": "no",
            **labels(model),
        }
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        return {"type": "http.response.start", "status": 200, "headers": pairs}


def streamed_as(media_type: str) -> dict[int | str, dict[str, Any]]:
    """That an answer may be such a stream, for the OpenAPI document."""
    kind = media_type.partition(";")[0]
    return {200: {"content": {kind: {}}}}


def as_json_line(document: dict[str, Any]) -> bytes:
    """A line of JSON."""
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def as_event(document: dict[str, Any]) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"


def _note(generation: GenerationStream) -> None:
    note(
        model=generation.model.label,
        tokens=generation.tokens,
        prompt_tokens=generation.prompt_tokens,
    )
