"""TorchServe's management API: `/models`."""

import asyncio
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse

from components.serve.context import Context
from components.serve.dialects.torchserve_descriptions import (
    ModelDescription,
    ModelPage,
    StatusAnswer,
    description,
)
from components.serve.dialects.torchserve_errors import TORCHSERVE
from components.serve.dialects.torchserve_registering import model_at
from components.serve.personas.model import Model, Scaling, State
from components.serve.problems import Kind, Problem

PROCESSING = "Processing worker updates..."
ALL = "all"
Count = Annotated[int | None, Query(ge=0, le=1000)]
Seconds = Annotated[int | None, Query(ge=1, le=86_400)]


class RegisterQuery:
    """The parameters of a registration."""

    def __init__(
        self,
        url: Annotated[str, Query(max_length=2000)],
        model_name: Annotated[str | None, Query(max_length=96)] = None,
        initial_workers: Count = None,
        batch_size: Annotated[int, Query(ge=1, le=10_000)] = 1,
        max_batch_delay: Annotated[int, Query(ge=0, le=86_400_000)] = 100,
        synchronous: bool = False,
        response_timeout: Seconds = None,
    ) -> None:
        workers = initial_workers or 0
        self.url, self.model_name, self.synchronous = url, model_name, synchronous
        self.scaling = Scaling(
            min_workers=workers,
            max_workers=workers,
            batch_size=batch_size,
            max_batch_delay=max_batch_delay,
            response_timeout=response_timeout,
        )


def torchserve_models(context: Context) -> APIRouter:
    """Everything below `/models`, for whoever has the management's token."""

    def allowed(request: Request) -> None:
        context.tokens.check_management(request.headers.get("authorization"))

    router = APIRouter(
        prefix="/models",
        tags=["TorchServe management"],
        dependencies=[Depends(allowed)],
        responses=TORCHSERVE.documented(),
    )
    _add_reading(router, context)
    _add_registering(router, context)
    _add_scaling(router, context)
    return router


def _add_reading(router: APIRouter, context: Context) -> None:
    queue_size = context.config.job_queue_size

    @router.get("", response_model=ModelPage, response_model_exclude_none=True)
    async def models(
        limit: Annotated[int, Query(ge=1, le=100_000)] = 100,
        next_page_token: Annotated[int, Query(ge=0, le=1 << 31)] = 0,
    ) -> JSONResponse:
        """The models, a page at a time."""
        names = context.personas.names()
        end = next_page_token + limit
        found = [
            {"modelName": name, "modelUrl": shown_version(context, name).source.url}
            for name in names[next_page_token:end]
        ]
        more = {"nextPageToken": str(end)} if end < len(names) else {}
        return JSONResponse({"models": found} | more)

    @router.get("/{model}", response_model=list[ModelDescription])
    async def describe(model: str) -> JSONResponse:
        """The version that answers to the bare name."""
        return JSONResponse([description(shown_version(context, model), queue_size)])

    @router.get("/{model}/{version}", response_model=list[ModelDescription])
    async def describe_version(model: str, version: str) -> JSONResponse:
        """One version, or `all`."""
        chosen = (
            context.personas.of(model)
            if version == ALL
            else [context.personas.find(model, version)]
        )
        return JSONResponse([description(one, queue_size) for one in chosen])


def shown_version(context: Context, name: str) -> Model:
    """The version that answers, or the newest where none does."""
    models = context.personas.of(name)
    try:
        return context.personas.default(name)
    except Problem:
        return models[-1]


def _add_registering(router: APIRouter, context: Context) -> None:
    @router.post("", response_model=StatusAnswer, responses={202: {"model": StatusAnswer}})
    async def register(asked: Annotated[RegisterQuery, Depends()]) -> JSONResponse:
        """Register a version of the registry, or an archive of the model store."""
        find = partial(
            model_at, asked.url, asked.model_name, context.personas.registry, context.config
        )
        model = await asyncio.to_thread(find)
        model.scaling = asked.scaling
        context.personas.add(model)
        workers = asked.scaling.min_workers
        if workers and not asked.synchronous:
            context.manager.load_later(model)
            return JSONResponse({"status": PROCESSING}, 202)
        if workers:
            await load_or_say_why(context, model)
        return JSONResponse({"status": _registered(model, workers)})

    @router.delete("/{model}", response_model=StatusAnswer)
    async def unregister(model: str) -> JSONResponse:
        """Take the version away that answers to the bare name."""
        return await _unregister(context, shown_version(context, model))

    @router.delete("/{model}/{version}", response_model=StatusAnswer)
    async def unregister_version(model: str, version: str) -> JSONResponse:
        """Take this version away."""
        return await _unregister(context, context.personas.find(model, version))


def _add_scaling(router: APIRouter, context: Context) -> None:
    async def scale(
        model: str,
        version: str | None = None,
        min_worker: Count = None,
        max_worker: Count = None,
        synchronous: bool = False,
    ) -> JSONResponse:
        """Load a version (one worker or more), or unload it (none)."""
        found = context.personas.find(model, version) if version else shown_version(context, model)
        return await _scale(context, found, min_worker, max_worker, synchronous=synchronous)

    answers: dict[str, Any] = {
        "response_model": StatusAnswer,
        "responses": {202: {"model": StatusAnswer}},
    }

    @router.put("/{model}", **answers)
    async def scale_default(
        model: str,
        min_worker: Count = None,
        max_worker: Count = None,
        synchronous: bool = False,
    ) -> JSONResponse:
        """Load or unload the version that answers to the bare name."""
        return await scale(model, None, min_worker, max_worker, synchronous)

    router.put("/{model}/{version}", **answers)(scale)

    @router.put("/{model}/{version}/set-default", response_model=StatusAnswer)
    async def set_default(model: str, version: str) -> JSONResponse:
        """Let this version answer to the bare name, until production next moves."""
        context.manager.choose(context.personas.find(model, version))
        said = f'Default vesion succsesfully updated for model "{model}" to "{version}"'
        return JSONResponse({"status": said})


async def _scale(
    context: Context,
    model: Model,
    min_worker: int | None,
    max_worker: int | None,
    *,
    synchronous: bool,
) -> JSONResponse:
    fewest = 1 if min_worker is None else min_worker
    most = fewest if max_worker is None else max_worker
    if most < fewest:
        raise Problem(Kind.BAD_REQUEST, "max_worker cannot be less than min_worker", "max_worker")
    model.scaling.min_workers, model.scaling.max_workers = fewest, most
    if not synchronous:
        change = context.manager.load_later if fewest else context.manager.unload_later
        change(model)
        return JSONResponse({"status": PROCESSING}, 202)
    if fewest:
        await load_or_say_why(context, model)
    else:
        await context.manager.unload(model)
    said = f"Workers scaled to {fewest} for model: {model.name}, version: {model.version}"
    return JSONResponse({"status": said})


async def load_or_say_why(context: Context, model: Model) -> None:
    """Load a model, others leaving for it.

    Raises:
        Problem: it cannot be loaded.
    """
    await context.manager.load(model, evict=True)
    if model.state is State.FAILED:
        kind = Kind.OUT_OF_MEMORY if model.out_of_memory else Kind.INTERNAL
        raise Problem(kind, model.failure or f"{model.label} cannot be loaded")


async def _unregister(context: Context, model: Model) -> JSONResponse:
    await context.manager.remove(model)
    return JSONResponse({"status": f'Model "{model.name}" unregistered'})


def _registered(model: Model, workers: int) -> str:
    said = (
        f'Model "{model.name}" Version: {model.version} registered with {workers} initial workers'
    )
    hint = "" if workers else ". Use scale workers API to add workers for the model."
    return said + hint
