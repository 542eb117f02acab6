"""The probes of a pod, and TorchServe's ping."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse

from components.serve.health import Health


class Probe(BaseModel):
    """The answer to one probe."""

    status: Literal["ok", "not yet", "draining"]


class Ping(BaseModel):
    """TorchServe's answer to a ping."""

    status: Literal["Healthy", "Unhealthy"]


def probes(health: Health) -> APIRouter:
    """`/livez`, `/readyz`, `/startupz` and `/ping`."""
    router = APIRouter(tags=["probes"])
    unwell: dict[int | str, dict[str, Any]] = {
        503: {"model": Probe, "description": "Not yet, or no more"}
    }

    @router.get("/livez", response_model=Probe)
    async def live() -> JSONResponse:
        """Whether the process answers at all."""
        return _probe(True, health)

    @router.get("/readyz", response_model=Probe, responses=unwell)
    async def ready() -> JSONResponse:
        """Whether requests should be sent here."""
        return _probe(health.ready, health)

    @router.get("/startupz", response_model=Probe, responses=unwell)
    async def startup() -> JSONResponse:
        """Whether the start is over."""
        return _probe(health.started, health)

    @router.get(
        "/ping",
        response_model=Ping,
        responses={500: {"model": Ping, "description": "No model can answer"}},
    )
    async def ping() -> JSONResponse:
        """TorchServe's health check."""
        if health.ready:
            return JSONResponse({"status": "Healthy"})
        return JSONResponse({"status": "Unhealthy"}, 500)

    return router


def _probe(well: bool, health: Health) -> JSONResponse:
    if well:
        return JSONResponse({"status": "ok"})
    return JSONResponse({"status": "draining" if health.draining else "not yet"}, 503)
