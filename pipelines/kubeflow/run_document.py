"""A run as Kubeflow's API tells it: what is read of it (`Run` of backend/api/v2beta1/run.proto)."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Moment = Annotated[
    datetime | None, AfterValidator(lambda at: at if at and at.year > 1970 else None)
]
"""A time; what has not come yet is told as the first of January 1970."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Child(_Told):
    """What comes after a node of Argo's."""

    pod_name: str | None = None
    """The node's id, whatever the field is called."""


class Task(_Told):
    """A node of Argo's, or, without a name, an execution of ML Metadata."""

    display_name: Annotated[str, BeforeValidator(lambda name: name or "")] = ""
    state: str | None = None
    """None, too, for what was left out because a step before it failed."""
    start_time: Moment = None
    end_time: Moment = None
    child_tasks: tuple[Child, ...] | None = None


class RunDetails(_Told):
    """What belongs to a run."""

    task_details: tuple[Task, ...] | None = None


class RuntimeConfig(_Told):
    """What a run was given."""

    parameters: dict[str, Any] | None = None
    pipeline_root: str | None = None


class RuntimeStatus(_Told):
    """A state that the run was in."""

    state: str | None = None


class Status(_Told):
    """An error (`google.rpc.Status`)."""

    message: str = ""


class Run(_Told):
    """One run."""

    run_id: Annotated[str, Field(min_length=1)]
    state: str | None = None
    created_at: Moment = None
    finished_at: Moment = None
    state_history: tuple[RuntimeStatus, ...] | None = None
    runtime_config: RuntimeConfig | None = None
    run_details: RunDetails | None = None
    error: Status | None = None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Its nodes and executions, in no order."""
        return (self.run_details and self.run_details.task_details) or ()

    @property
    def pipeline_root(self) -> str | None:
        """Where its artifacts go, where it was started with a place of its own."""
        return (self.runtime_config and self.runtime_config.pipeline_root) or None

    @property
    def sources(self) -> list[dict[str, Any]]:
        """The flags of collect for each author that it was given."""
        given = ((self.runtime_config and self.runtime_config.parameters) or {}).get("sources")
        return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
