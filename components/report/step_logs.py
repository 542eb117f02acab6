"""What the steps of a run wrote, as Kubeflow's launcher keeps it beside their artifacts.

`PIPELINE_ROOT/PIPELINE/RUN/STEP/EXECUTION/executor-logs-ATTEMPT`, uploaded when a step has ended
(backend/src/v2/component/launcher_v2.go in kubeflow/pipelines).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from components.storage import Stat, Store, open_store

LONGEST = 16 * 2**20
"""Bytes of a log that are read; of a longer one its end."""
_KEY = re.compile(r"(?P<step>[^/]+)/(?P<execution>[^/]+)/executor-logs-(?P<attempt>\d+)")
_SAID = "error: "
_USAGE = re.compile(r"python -m components\.\w+: error: (?P<sentence>.+?)( \(see .* --help\))?")
"""How a step ends whose words are wrong, as `train_options` with a misspelt name make them."""


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


@dataclass(frozen=True)
class StepError:
    """Why a step failed, in its own words."""

    sentence: str
    exit_code: int | None
    """None where the log does not say."""


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


def error_in(text: str) -> StepError | None:
    """The sentence with which a step ended; None where it ended well or was killed."""
    lines = text.splitlines()
    for line in reversed(lines):
        said = as_line(line)
        if said and said.get("level") == "error" and str(said["message"]).startswith(_SAID):
            code = said.get("exit_code")
            sentence = str(said["message"]).removeprefix(_SAID)
            return StepError(sentence, code if isinstance(code, int) else None)
        if line.startswith(_SAID):
            return StepError(line.removeprefix(_SAID), None)
        if usage := _USAGE.fullmatch(line):
            return StepError(usage["sentence"], 2)
    return _traceback(lines)


def _traceback(lines: list[str]) -> StepError | None:
    """A fault of ours: the last line of what Python wrote."""
    if not any(line.startswith("Traceback (most recent call last)") for line in lines):
        return None
    after = lines[::-1]
    until = next(n for n, line in enumerate(after) if line.startswith("Traceback "))
    last = next((line for line in after[:until] if re.match(r"[\w.]+(:|$)", line)), None)
    return StepError(last, 1) if last else None


def as_line(line: str) -> dict[str, Any] | None:
    """A line of our JSON logs: `time`, `level`, `logger`, `message`; None for any other line."""
    if not line.startswith("{"):
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and "message" in said and "level" in said else None
