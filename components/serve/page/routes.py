"""The page's addresses: itself, its files, and what it asks for about the personas."""

import asyncio
import time
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from components.contracts.artifacts import PREVIEW
from components.serve.context import Context
from components.serve.page.about import About, about, title_of
from components.serve.page.preview import has_preview, tags
from components.serve.personas.model import Model
from components.serve.problems import Kind, Problem

ROOM = Path(__file__).parent
TAGS = "<!-- tags of the preview -->"
"""Where they stand in the page."""
TYPES = {
    "page.js": "text/javascript",
    "events.js": "text/javascript",
    "picture.js": "text/javascript",
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
}
"""The files that anybody may read, and what they are."""
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


class PersonaChoice(BaseModel):
    """One persona to choose."""

    name: str
    title: str


class PersonaList(BaseModel):
    """The personas to choose from."""

    personas: list[PersonaChoice]


def page(context: Context, errors: dict[int | str, dict[str, Any]]) -> APIRouter:
    """`GET /`, its files under `/page/`, `/page/personas[/{name}]` and `/page/previews/{name}.png`.

    `errors` are the answers to what goes wrong, for the OpenAPI document.
    """
    router = APIRouter(tags=["page"], responses=errors)

    async def document(request: Request, persona: str = "") -> Response:
        """The page; a link to `/?persona=NAME` shows that persona's picture elsewhere."""
        shown = _previewed(context, persona)
        text = await asyncio.to_thread(_document, request, shown)
        return HTMLResponse(text, headers=HEADERS)

    async def file(name: str) -> Response:
        """One of its files."""
        if name not in TYPES:
            raise Problem(Kind.NOT_FOUND, "there is nothing at this address")
        return FileResponse(ROOM / name, media_type=TYPES[name], headers=HEADERS)

    @router.get("/page/personas", response_model=PersonaList)
    async def personas(request: Request) -> JSONResponse:
        """The personas that answer."""
        context.tokens.check_inference(request.headers.get("authorization"))
        found = [
            {"name": model.name, "title": title_of(model.name, model.manifest)}
            for model in _answering(context)
        ]
        return JSONResponse({"personas": found}, headers={"cache-control": "no-store"})

    @router.get("/page/personas/{name}", response_model=About)
    async def persona(request: Request, name: str) -> JSONResponse:
        """A persona's picture, card and counts, of the version in production."""
        context.tokens.check_inference(request.headers.get("authorization"))
        deadline = time.monotonic() + context.config.default_response_timeout
        held = await context.manager.hold(name, None, deadline)
        try:
            told = await asyncio.to_thread(about, held.model, held.loaded)
        finally:
            held.release()
        return JSONResponse(told.model_dump(), headers={"cache-control": "no-store"})

    async def preview(request: Request, name: str) -> Response:
        """A persona as a picture, of the version in production."""
        context.tokens.check_inference(request.headers.get("authorization"))
        deadline = time.monotonic() + context.config.default_response_timeout
        held = await context.manager.hold(name, None, deadline)
        try:
            picture = await asyncio.to_thread(_read, held.loaded.folder / PREVIEW)
        finally:
            held.release()
        return Response(picture, media_type="image/png", headers=HEADERS)

    for path, endpoint in (
        ("/", document),
        ("/page/{name}", file),
        ("/page/previews/{name}.png", preview),
    ):
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
    return router


def _answering(context: Context) -> list[Model]:
    """The model that answers to each name; names without one are left out."""
    found = []
    for name in context.personas.names():
        try:
            found.append(context.personas.default(name))
        except Problem:
            continue
    return found


def _previewed(context: Context, persona: str) -> Model | None:
    """The persona that a link shows, the first if it names none; None where a token is asked for,
    since nobody who follows links for others has one."""
    if context.tokens.inference is not None:
        return None
    found = [model for model in _answering(context) if has_preview(model)]
    named = [model for model in found if model.name == persona]
    return next(iter(named or ([] if persona else found)), None)


def _document(request: Request, shown: Model | None) -> str:
    page = (ROOM / "index.html").read_text(encoding="utf-8")
    return page.replace(TAGS, tags(request, shown) if shown else "", 1)


def _read(picture: Path) -> bytes:
    if not picture.is_file():
        raise Problem(Kind.NOT_FOUND, "this persona has no picture of its own")
    return picture.read_bytes()
