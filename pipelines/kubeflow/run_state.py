"""A run on Kubeflow as people see it: its state, and that of each of the pipeline's own steps."""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from pipelines.kubeflow.argo import ATTEMPT, item_of, node_names, workflow_of
from pipelines.kubeflow.run_document import Run, Task

STEPS = (
    *("collect", "fetch", "prepare", "train", "evaluate"),
    *("refuse", "publish", "deploy", "push", "report", "forget"),
)
"""The pipeline's own steps in its order."""
FINAL = ("SUCCEEDED", "FAILED", "CANCELED", "SKIPPED")
"""The states that a run or a step never leaves (`V2beta1RuntimeState`)."""
_DRIVER = "-driver"
_OWN = re.compile(rf"({'|'.join(STEPS)})(-\d+)?")
_POD = re.compile(r"(?P<step>.+)\((?P<first>\d+)\)\.executor\((?P<second>\d+)\)$")
_WHOSE = ("author", "handle", "bluesky", "mastodon")
_FILES = ("archive", "table")


@dataclass(frozen=True)
class RunStep:
    """One step of a run."""

    name: str
    state: str
    """One of `V2beta1RuntimeState`; SKIPPED, too, where a step before it failed."""
    source: Mapping[str, Any] | None = None
    """The flags of collect that it was given, where there are several."""
    whose: str = ""
    """What tells this source from the others."""
    cached: bool = False
    """Whether an earlier run's outputs were taken."""
    started: datetime | None = None
    ended: datetime | None = None
    pods: tuple[str, ...] = ()
    """The ids of its attempts' nodes, the first one first; a driver's where that failed."""

    @property
    def label(self) -> str:
        """Its name, with whose posts it reads where there are several authors."""
        return f"{self.name} {self.whose}" if self.whose else self.name

    @property
    def author(self) -> str | None:
        """Whose posts it reads, where there are several authors."""
        return source_author(self.source) if self.source else None

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        return max(len(self.pods), 1)

    def seconds(self, now: datetime | None = None) -> float | None:
        """How long it took, or has taken so far; None before it starts, and for what was reused."""
        if self.started is None or self.cached or self.state == "SKIPPED":
            return None
        return max(((self.ended or now or datetime.now(UTC)) - self.started).total_seconds(), 0.0)


@dataclass(frozen=True)
class RunState:
    """One run."""

    run_id: str
    state: str
    """CANCELED where somebody ended it, whatever Kubeflow calls that."""
    steps: tuple[RunStep, ...] = ()
    """In the pipeline's order."""
    workflow: str | None = None
    """Argo's name for it, once it has one."""
    pipeline_root: str | None = None
    sources: tuple[Mapping[str, Any], ...] = ()
    """The flags of collect for each author, where there are several."""
    created: datetime | None = None
    is_waiting: bool = False
    """Whether a pod of it has been asked for and does not run yet, or nobody has begun it."""
    error: str | None = None
    """What Kubeflow itself says of the end, which is seldom anything."""

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in FINAL

    @property
    def failed(self) -> bool:
        """Whether the run ended otherwise than well."""
        return self.is_final and self.state != "SUCCEEDED"

    @property
    def failing(self) -> RunStep | None:
        """The step that failed first."""
        failed = [step for step in self.steps if step.state == "FAILED"]
        return min(failed, key=lambda step: str(step.ended or ""), default=None)


def source_author(source: Mapping[str, Any]) -> str:
    """Whose posts a source holds, or the file's name where it does not say."""
    named = next((str(source[flag]) for flag in _WHOSE if source.get(flag)), None)
    if named:
        return f"@{named.removeprefix('@')}"
    return next((PurePosixPath(str(source[f])).name for f in _FILES if source.get(f)), "")


def source_labels(sources: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What tells sources apart: whose each is, with a number from an author's second one on."""
    seen: Counter[str] = Counter()
    labels = []
    for author in map(source_author, sources):
        seen[author] += 1
        labels.append(f"{author} ({seen[author]})".lstrip() if seen[author] > 1 else author)
    return tuple(labels)


def run_state(run: Run) -> RunState:
    """What people want to know of a run."""
    state = run.state or "PENDING"
    if state == "FAILED" and _was_cancelled(run):
        state = "CANCELED"
    sources = tuple(run.sources) if len(run.sources) > 1 else ()
    steps = _steps(run.tasks, sources)
    return RunState(
        run_id=run.run_id,
        state=state,
        steps=tuple(_cancelled(step) for step in steps) if state == "CANCELED" else steps,
        workflow=workflow_of(run.tasks),
        pipeline_root=run.pipeline_root,
        sources=sources,
        created=run.created_at,
        is_waiting=_is_waiting(run, state),
        error=(run.error and run.error.message) or None,
    )


def _was_cancelled(run: Run) -> bool:
    """Whether somebody ended it, the last time where it was tried again after an earlier end."""
    states = [change.state for change in run.state_history or ()]
    while states and states[-1] in FINAL:
        states.pop()
    return "CANCELING" in itertools.takewhile(lambda one: one not in FINAL, reversed(states))


def _is_waiting(run: Run, state: str) -> bool:
    if not run.tasks:
        return state == "PENDING"
    return any(task.state == "PENDING" and ATTEMPT.search(task.display_name) for task in run.tasks)


def _cancelled(step: RunStep) -> RunStep:
    """A step of a run that somebody ended: what did not end well was ended with it."""
    done = step.state in ("SUCCEEDED", "SKIPPED")
    return step if done else RunStep(**{**vars(step), "state": "CANCELED"})


@dataclass
class _Found:
    """The tasks of one step, and the nodes below them."""

    name: str
    item: int | None
    task: Task | None = None
    driver: Task | None = None
    path: str | None = None
    driver_path: str | None = None


def _steps(tasks: Collection[Task], sources: Sequence[Mapping[str, Any]]) -> tuple[RunStep, ...]:
    """Each step once, whatever groups, drivers and attempts Argo makes of it."""
    names = node_names(tasks)
    containers = {
        _without_attempt(name.removesuffix(".executor"))
        for name in names.values()
        if name.endswith(".executor")
    }
    found: dict[tuple[str, int | None], _Found] = {}
    for task in tasks:
        path = _path(task, names)
        name = task.display_name.removesuffix(_DRIVER)
        if not (_OWN.fullmatch(name) or path in containers):
            if name == task.display_name or task.state != "FAILED":
                continue
            name += _DRIVER  # of a group, which is shown where it fails
        item = item_of(path) if path else None
        one = found.setdefault((name, item), _Found(name, item))
        if task.display_name.endswith(_DRIVER):
            one.driver, one.driver_path = task, path
        else:
            one.task, one.path = task, path
    attempts = _attempts(names)
    owners = tuple(zip(sources, source_labels(sources), strict=True))
    return tuple(_step(one, attempts, owners) for one in sorted(found.values(), key=_place))


def _path(task: Task, names: Mapping[str, str]) -> str | None:
    """The whole name of a node that may be tried again, from its attempts'."""
    for child in task.child_tasks or ():
        name = _without_attempt(names.get(child.pod_name or "", ""))
        if name.endswith(f".{task.display_name}"):
            return name
    return None


def _without_attempt(name: str) -> str:
    return ATTEMPT.sub("", name)


def _place(found: _Found) -> tuple[int, int, str]:
    own = _OWN.fullmatch(found.name)
    first = found.driver or found.task
    started = str(first.start_time or "") if first else ""
    return (STEPS.index(own[1]) if own else len(STEPS), found.item or 0, started)


def _step(
    found: _Found,
    attempts: Mapping[str, list[str]],
    owners: Sequence[tuple[Mapping[str, Any], str]],
) -> RunStep:
    task, item = found.task, found.item
    state = _state(found)
    source, whose = owners[item] if item is not None and item < len(owners) else (None, "")
    return RunStep(
        name=found.name,
        state=state,
        source=source,
        whose=whose,
        cached=state == "SUCCEEDED" and task is not None and task.start_time == task.end_time,
        started=task.start_time if task else None,
        ended=task.end_time if task else None,
        pods=_pods(found, attempts),
    )


def _state(found: _Found) -> str:
    """A step has none of its own before its driver is done, nor where it was left out."""
    if found.task and found.task.state:
        return found.task.state
    if found.driver and found.driver.state == "FAILED":
        return "FAILED"
    return "SKIPPED" if found.task else "PENDING"


def _attempts(names: Mapping[str, str]) -> dict[str, list[str]]:
    """The ids of the nodes that are pods, by the name of what they are attempts of."""
    tries: dict[str, list[tuple[int, int, str]]] = {}
    for node, name in names.items():
        if match := _POD.fullmatch(name):
            number = (int(match["first"]), int(match["second"]))
            tries.setdefault(match["step"], []).append((*number, node))
        elif (path := _without_attempt(name)) != name and path.endswith(_DRIVER):
            tries.setdefault(path, []).append((0, int(name[len(path) + 1 : -1]), node))
    return {path: [node for _, _, node in sorted(found)] for path, found in tries.items()}


def _pods(found: _Found, attempts: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Of the step; of its driver, which prepares it, where that failed before."""
    own = attempts.get(found.path or "", [])
    if not own and found.driver and found.driver.state == "FAILED":
        own = attempts.get(found.driver_path or "", [])
    return tuple(own)
