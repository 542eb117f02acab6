"""What the steps of a run wrote, as Kubeflow's launcher keeps it beside their artifacts.

`PIPELINE_ROOT/PIPELINE/RUN/STEP/EXECUTION/executor-logs-ATTEMPT`, uploaded when a step has ended
(backend/src/v2/component/launcher_v2.go in kubeflow/pipelines).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from components.storage import Stat, Store, open_store

LONGEST = 16 * 2**20
"""Bytes of a log that are read; of a longer one its end."""
_KEY = re.compile(r"(?P<step>[^/]+)/(?P<execution>[^/]+)/executor-logs-(?P<attempt>\d+)")


@dataclass(frozen=True)
class StepLog:
    """What one attempt of a step wrote."""

    step: str
    execution: str
    attempt: int
    """From 0."""
    modified: float
    """Seconds since 1970."""
    text: str


def step_logs(run_uri: str, step: str = "") -> list[StepLog]:
    """The logs below a run's root, of one step or of all, the oldest first.

    Raises:
        StorageError: they cannot be read.
    """
    store = open_store(run_uri.replace("minio://", "s3://", 1))
    return sorted(_found(store, f"{step}/" if step else ""), key=lambda log: log.modified)


def _found(store: Store, prefix: str) -> Iterator[StepLog]:
    for stat in store.list(prefix):
        if match := _KEY.fullmatch(stat.key):
            step, execution, attempt = match.groups()
            yield StepLog(step, execution, int(attempt), stat.modified, _text(store, stat))


def _text(store: Store, stat: Stat) -> str:
    start = max(stat.size - LONGEST, 0)
    return store.read(stat.key, start, LONGEST).decode("utf-8", errors="replace")


def last_attempts(logs: list[StepLog]) -> list[StepLog]:
    """Of each step's execution the last log."""
    last: dict[tuple[str, str], StepLog] = {}
    for log in sorted(logs, key=lambda log: log.attempt):
        last[log.step, log.execution] = log
    return sorted(last.values(), key=lambda log: log.modified)
