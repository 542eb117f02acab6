"""Reading back what an offline run of W&B wrote: the folder that `wandb sync` takes.

The file is a log as LevelDB writes it (doc/log_format.md there) after seven bytes of W&B's own:
blocks of 32 KB with records of checksum (4 bytes), length (2), kind (1) and data.
"""

import json
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from wandb.proto import wandb_internal_pb2

BLOCK = 32_768
OWN_HEADER = 7
RECORD_HEADER = struct.Struct("<IHB")
FULL, LAST = 1, 4
PATIENCE = 10.0


@dataclass
class OfflineRun:
    """One run."""

    name: str = ""
    job_type: str = ""
    group: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    artifacts: list[Any] = field(default_factory=list)
    sweep_id: str = ""
    exit_code: int | None = None
    has_system_metrics: bool = False


@contextmanager
def offline_wandb(folder: Path) -> Iterator[None]:
    """Have W&B write to `folder` until the block ends."""
    settings = {
        "WANDB_MODE": "offline",
        "WANDB_DIR": str(folder),
        "WANDB_DATA_DIR": str(folder / "data"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield


def offline_runs(folder: Path) -> dict[str, OfflineRun]:
    """Every offline run below `folder`, by its job type; W&B ends them in a process of its own."""
    deadline = time.monotonic() + PATIENCE
    while True:
        runs = [_read(file) for file in folder.glob("wandb/offline-run-*/run-*.wandb")]
        if all(run.exit_code is not None for run in runs) or time.monotonic() > deadline:
            return {run.job_type: run for run in runs}
        time.sleep(0.05)


def _read(file: Path) -> OfflineRun:
    run = OfflineRun()
    for data in _records(file.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        _take(run, record)
    return run


def _records(content: bytes) -> Iterator[bytes]:
    """The records of the log, their parts put together."""
    at, parts = OWN_HEADER, b""
    while at + RECORD_HEADER.size <= len(content):
        left = BLOCK - at % BLOCK
        if left < RECORD_HEADER.size:  # too little for a header: the next block begins
            at += left
            continue
        _, length, kind = RECORD_HEADER.unpack_from(content, at)
        at += RECORD_HEADER.size
        parts += content[at : at + length]
        at += length
        if kind in (FULL, LAST):
            yield parts
            parts = b""


def _take(run: OfflineRun, record: Any) -> None:
    kind = record.WhichOneof("record_type")
    if kind == "run":
        run.name, run.job_type = record.run.display_name, record.run.job_type
        run.group = record.run.run_group
        run.sweep_id = record.run.sweep_id
        run.config |= _items(record.run.config.update)
    elif kind == "config":
        run.config |= _items(record.config.update)
    elif kind == "history":
        run.history.append(_items(record.history.item))
    elif kind == "summary":
        run.summary |= _items(record.summary.update)
    elif kind == "artifact":
        run.artifacts.append(record.artifact)
    elif kind == "request" and record.request.WhichOneof("request_type") == "log_artifact":
        run.artifacts.append(record.request.log_artifact.artifact)
    elif kind == "stats":
        run.has_system_metrics = True
    elif kind == "exit":
        run.exit_code = record.exit.exit_code


def _items(items: Any) -> dict[str, Any]:
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}
