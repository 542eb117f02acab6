"""A run on Kubeflow as people see it: its state, and that of each step."""

from dataclasses import dataclass
from typing import Any

FINAL = ("SUCCEEDED", "FAILED", "CANCELED", "SKIPPED")
"""The states that a run never leaves (`V2beta1RuntimeState`)."""
_EXECUTOR = "executor"
_DRIVER = "-driver"


@dataclass(frozen=True)
class Step:
    """One step of a run."""

    name: str
    """As the pipeline displays it."""
    state: str
    error: str | None
    nodes: tuple[str, ...]
    """The pods whose logs are the step's."""


@dataclass(frozen=True)
class RunState:
    """One run."""

    run_id: str
    state: str
    error: str | None
    steps: tuple[Step, ...]
    """In the order in which they started."""

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in FINAL

    @property
    def failed(self) -> bool:
        """Whether the run ended otherwise than well."""
        return self.is_final and self.state != "SUCCEEDED"


def run_state(run: Any) -> RunState:
    """Read a `V2beta1Run`."""
    tasks = list((run.run_details and run.run_details.task_details) or [])
    return RunState(
        run_id=str(run.run_id),
        state=str(run.state or "PENDING"),
        error=_message(run),
        steps=tuple(_steps(tasks, str(run.run_id))),
    )


def _steps(tasks: list[Any], run_id: str) -> list[Step]:
    """The tasks that do something: drivers, which prepare a step's pod, are shown if they fail.

    Under a step that runs in a pod hangs a node called `executor`, whose log is the step's.
    """
    shown = [task for task in tasks if _is_step(task)]
    shown.sort(key=lambda task: str(task.start_time or task.create_time or ""))
    return [
        Step(str(task.display_name), str(task.state or "PENDING"), _message(task), nodes)
        for task in shown
        if (nodes := _nodes(task, tasks)) or task.display_name != run_id
    ]


def _is_step(task: Any) -> bool:
    name = str(task.display_name or "")
    if name == _EXECUTOR or not name:
        return False
    return not name.endswith(_DRIVER) or task.state == "FAILED"


def _nodes(task: Any, tasks: list[Any]) -> tuple[str, ...]:
    children = {child.pod_name for child in task.child_tasks or [] if child.pod_name}
    executors = [
        str(one.pod_name)
        for one in tasks
        if one.display_name == _EXECUTOR
        and (one.pod_name in children or one.parent_task_id == task.task_id)
        and one.pod_name
    ]
    own = [str(task.pod_name)] if task.pod_name else []
    return tuple(executors or own)


def _message(thing: Any) -> str | None:
    return str(thing.error.message) if thing.error and thing.error.message else None
