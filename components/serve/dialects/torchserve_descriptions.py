"""How TorchServe's management describes a model."""

import os
from typing import Any, Literal

from pydantic import BaseModel

from components.serve.personas.model import Model, State

WORKER_ID = "9000"
"""One engine is the only worker of a version; TorchServe numbers them from here."""


class ModelEntry(BaseModel):
    """One model of the list."""

    modelName: str  # noqa: N815 - TorchServe's name
    modelUrl: str  # noqa: N815


class ModelPage(BaseModel):
    """A page of the list."""

    models: list[ModelEntry]
    nextPageToken: str | None = None  # noqa: N815


class WorkerEntry(BaseModel):
    """A worker of a model."""

    id: str
    startTime: str  # noqa: N815
    status: Literal["READY", "LOADING", "UNLOADING"]
    memoryUsage: int  # noqa: N815
    pid: int
    gpu: bool


class JobQueueStatus(BaseModel):
    """How full a model's queue is."""

    remainingCapacity: int  # noqa: N815
    pendingRequests: int  # noqa: N815


class ModelDescription(BaseModel):
    """All about one version of a model."""

    modelName: str  # noqa: N815
    modelVersion: str  # noqa: N815
    modelUrl: str  # noqa: N815
    runtime: str
    minWorkers: int  # noqa: N815
    maxWorkers: int  # noqa: N815
    batchSize: int  # noqa: N815
    maxBatchDelay: int  # noqa: N815
    loadedAtStartup: bool  # noqa: N815
    workers: list[WorkerEntry]
    jobQueueStatus: JobQueueStatus  # noqa: N815


class StatusAnswer(BaseModel):
    """What became of a request to change something."""

    status: str


def description(model: Model, queue_size: int) -> dict[str, Any]:
    """All about one version, as TorchServe writes it."""
    return {
        "modelName": model.name,
        "modelVersion": model.version,
        "modelUrl": model.source.url,
        "runtime": "python",
        "minWorkers": model.scaling.min_workers,
        "maxWorkers": model.scaling.max_workers,
        "batchSize": model.scaling.batch_size,
        "maxBatchDelay": model.scaling.max_batch_delay,
        "loadedAtStartup": model.at_startup,
        "workers": _workers(model),
        "jobQueueStatus": _queue(model, queue_size),
    }


def _workers(model: Model) -> list[dict[str, Any]]:
    if model.state not in (State.READY, State.LEAVING, State.LOADING):
        return []
    loaded = model.loaded
    return [
        {
            "id": WORKER_ID,
            "startTime": loaded.at.isoformat(timespec="milliseconds") if loaded else "",
            "status": model.state.value,
            "memoryUsage": model.memory if loaded else 0,
            "pid": os.getpid(),
            "gpu": loaded is not None and "cuda" in loaded.engine.facts.device.lower(),
        }
    ]


def _queue(model: Model, queue_size: int) -> dict[str, int]:
    load = model.loaded.engine.load if model.loaded else None
    return {
        "remainingCapacity": load.capacity if load else queue_size - model.waiting,
        "pendingRequests": (load.waiting if load else 0) + model.waiting,
    }
