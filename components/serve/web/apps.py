"""The applications of the three ports."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import make_asgi_app
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from components.serve.context import Context
from components.serve.dialects.marks import marks
from components.serve.dialects.open_inference import open_inference
from components.serve.dialects.openai import openai
from components.serve.dialects.openai_adapters import openai_adapters
from components.serve.dialects.torchserve import torchserve
from components.serve.dialects.torchserve_models import torchserve_models
from components.serve.page.routes import page
from components.serve.problems import Kind, Problem
from components.serve.web.edge import Edge
from components.serve.web.errors import add_error_handlers, answer, dialect_of
from components.serve.web.probes import probes
from components.serve.web.unpacking import Unpacking


def inference_app(context: Context) -> ASGIApp:
    """All dialects, the probes and the page."""
    return _app(
        context,
        "huggingtweets",
        [
            torchserve(context),
            open_inference(context),
            openai(context),
            marks(context, dialect_of("/v1/marks/keys").documented()),
            probes(context.health),
            page(context, dialect_of("/").documented()),
        ],
    )


def management_app(context: Context) -> ASGIApp:
    """TorchServe's management, and vLLM's of adapters."""
    routers = [torchserve_models(context), openai_adapters(context)]
    return _app(context, "huggingtweets management", routers)


def metrics_app(context: Context) -> ASGIApp:
    """`/metrics`; `?name[]=` chooses some."""
    metrics = make_asgi_app(context.metrics.registry)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        there = scope["path"].rstrip("/") == "/metrics"
        nothing = Problem(Kind.NOT_FOUND, "there is nothing at this address; see /metrics")
        await (metrics if there else answer(scope["path"], nothing))(scope, receive, send)

    return _edge(context, app)


def _app(context: Context, title: str, routers: Sequence[APIRouter]) -> ASGIApp:
    app = FastAPI(
        title=title, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    add_error_handlers(app)
    for router in [*routers, _description(app)]:
        app.include_router(router)
    return _edge(context, Unpacking(app, context.config.max_request_size))


def _edge(context: Context, app: ASGIApp) -> ASGIApp:
    return Edge(
        app,
        max_body=context.config.max_request_size,
        body_timeout=context.config.body_timeout,
        answered=context.metrics.torchserve.answered,
        traces=context.traces,
    )


def _description(app: FastAPI) -> APIRouter:
    """`GET /api-description` and `OPTIONS /`: the OpenAPI document."""
    router = APIRouter(tags=["description"])

    async def describe(request: Request) -> JSONResponse:
        """This document."""
        return JSONResponse(described(app))

    router.add_api_route("/api-description", describe, methods=["GET"])
    router.add_api_route("/", describe, methods=["OPTIONS"])
    return router


def described(app: FastAPI) -> dict[str, Any]:
    """The application's OpenAPI document, with the statuses that its dialects have."""
    document = app.openapi()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            known = {str(status) for status in dialect_of(path).statuses.values()}
            if "422" not in known:  # FastAPI adds it to whatever takes a parameter
                operation["responses"].pop("422", None)
    return document
