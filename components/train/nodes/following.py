"""What becomes of a TrainJob and its pods, until it ends."""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.contracts.errors import HuggingtweetsError
from components.runtime.log_lines import StepError, error_in
from components.train.nodes.api import TrainJobs
from components.train.nodes.trainjob import NODE

log = logging.getLogger(__name__)

PAUSE = 5.0
"""Seconds between two looks."""
BAD_INPUT = 2
"""The exit code of what would end so again: Kubernetes would start the pod six times."""


class TrainJobError(HuggingtweetsError):
    """A TrainJob failed."""

    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        """The sentence of its pod, and the exit code that the same training has here."""
        super().__init__(sentence)
        self.exit_code = BAD_INPUT if exit_code == BAD_INPUT else 1


@dataclass(frozen=True)
class JobState:
    """How a TrainJob stands."""

    complete: bool = False
    failed: str | None = None
    """Why, as Kubeflow Trainer says it."""
    suspended: bool = False


def state_of(document: Mapping[str, Any]) -> JobState:
    """How the TrainJob stands that a document of Kubernetes describes."""
    conditions = (document.get("status") or {}).get("conditions") or ()
    true = {one["type"]: one for one in conditions if one.get("status") == "True"}
    failed = true.get("Failed")
    said = (failed.get("message") or failed.get("reason") or "no reason given") if failed else None
    return JobState("Complete" in true, said, "Suspended" in true)


@dataclass(frozen=True)
class End:
    """The last end of a pod's container."""

    pod: str
    exit_code: int
    reason: str
    """Kubernetes' word for it, as OOMKilled."""
    restarts: int
    is_over: bool
    """Whether the container has not been started again since."""


def follow(jobs: TrainJobs, name: str) -> None:
    """Wait for the end of the TrainJob; what its pods wait for, or failed by, is logged.

    Raises:
        TrainJobError: it failed, or somebody deleted it.
    """
    seen = _Seen()
    while True:
        job = jobs.get(name)
        if job is None:
            raise TrainJobError(
                f"the TrainJob {name} was deleted while it ran; start the training again, and it "
                "goes on from its checkpoint"
            )
        state = state_of(job)
        if state.complete:
            return
        _look_at_pods(jobs, name, seen)
        if state.failed:
            own = seen.error and seen.error.sentence
            code = seen.error.exit_code if seen.error else None
            raise TrainJobError(own or f"the TrainJob {name} failed: {state.failed}", code or 1)
        seen.say("it is suspended, as a queue does until there is room" if state.suspended else "")
        time.sleep(PAUSE)


@dataclass
class _Seen:
    """What was seen of a TrainJob's pods so far."""

    error: StepError | None = None
    """What the first pod said that failed by itself."""
    ends: set[tuple[str, int]] = field(default_factory=set)
    waiting: str = ""

    def say(self, waiting: str) -> None:
        """Log what is waited for, when it changes."""
        if waiting and waiting != self.waiting:
            log.info("the TrainJob waits: %s", waiting)
        self.waiting = waiting or self.waiting


def _look_at_pods(jobs: TrainJobs, name: str, seen: _Seen) -> None:
    for pod in jobs.pods(name):
        if waiting := _waits_for(pod):
            seen.say(waiting)
        end = _end_of(pod)
        if end and (end.pod, end.restarts) not in seen.ends:
            seen.ends.add((end.pod, end.restarts))
            _take_end(jobs, end, seen)


def _take_end(jobs: TrainJobs, end: End, seen: _Seen) -> None:
    """Remember why a container failed; what would fail again ends it all."""
    error = error_in(jobs.log(end.pod, previous=not end.is_over))
    if error is None or end.reason == "OOMKilled":
        more = ": it took more memory than it may" if end.reason == "OOMKilled" else ""
        error = StepError(f"the pod {end.pod} ended with {end.reason}{more}", None)
    log.warning("the pod %s ended with exit code %d: %s", end.pod, end.exit_code, error.sentence)
    if seen.error is None or seen.error.exit_code is None:  # one that speaks of itself is better
        seen.error = error
    if BAD_INPUT in (error.exit_code, end.exit_code):
        raise TrainJobError(error.sentence, BAD_INPUT)


def _containers(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What Kubernetes says of the container that trains."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if status.get("name") == NODE:
            yield status


def _waits_for(pod: Mapping[str, Any]) -> str:
    """Why a pod does not run; empty where it does."""
    for status in _containers(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return f"{waiting['reason']}: {waiting.get('message') or ''}".rstrip(": ")
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            said = condition.get("message") or condition.get("reason") or ""
            return f"no node for its pod: {said}"
    return ""


def _end_of(pod: Mapping[str, Any]) -> End | None:
    """How the container of a pod failed last; None where it never did."""
    for status in _containers(pod):
        now = (status.get("state") or {}).get("terminated")
        before = (status.get("lastState") or {}).get("terminated")
        ended = now or before
        if ended and ended.get("exitCode"):
            return End(
                pod["metadata"]["name"],
                int(ended["exitCode"]),
                str(ended.get("reason") or f"exit code {ended['exitCode']}"),
                int(status.get("restartCount") or 0),
                is_over=bool(now),
            )
    return None
