"""Where the log of a step is found: in the run's store as it was written, else at the host."""

import logging
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.contracts.errors import HuggingtweetsError
from components.report.step_logs import StepLog, step_logs
from components.storage import StorageError
from pipelines.kubeflow.run_state import RunState, RunStep

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Kubeflow

log = logging.getLogger(__name__)


class Logs:
    """The logs of one run's steps."""

    def __init__(self, kubeflow: "Kubeflow", state: RunState) -> None:
        """Nothing is read yet."""
        self._kubeflow = kubeflow
        self._state = state
        self._store_answers = state.pipeline_root is not None and state.workflow is not None

    def of(self, step: RunStep, state: RunState | None = None) -> str | None:
        """What all attempts of a step wrote; None where nobody has it, or has it yet."""
        self._state = state or self._state
        return self.in_store(step) or self.at_host(step)

    def in_store(self, step: RunStep) -> str | None:
        """What the step wrote, as it was written; the launcher keeps it when the step has ended."""
        if not self._store_answers:
            return None
        try:
            found = step_logs(self._run_uri(), step.name)
        except StorageError as error:
            self._store_answers = False
            log.warning(
                "the steps' own words cannot be read (%s); asking the host for the rest", error
            )
            return None
        return _joined([one.text for one in found if not step.source or _is_of(one, step.source)])

    def at_host(self, step: RunStep) -> str | None:
        """What the step's pods wrote, Kubeflow's own lines among it, lines that are JSON blank."""
        return _joined([text for pod in step.pods if (text := self._of_pod(pod))])

    def _of_pod(self, pod: str) -> str | None:
        try:
            return self._kubeflow.node_log(self._state.run_id, pod)
        except HuggingtweetsError as error:  # it may be gone, or not yet there
            log.debug("%s", error)
            return None

    def _run_uri(self) -> str:
        pipeline = str(self._state.workflow).rpartition("-")[0]
        return f"{str(self._state.pipeline_root).rstrip('/')}/{pipeline}/{self._state.run_id}"


def _joined(texts: list[str]) -> str | None:
    """The logs of all attempts, each from a line of its own."""
    begun = [text if text.endswith("\n") else text + "\n" for text in texts[:-1]]
    return "".join([*begun, *texts[-1:]]) or None


def _is_of(found: StepLog, source: Mapping[str, Any]) -> bool:
    """Whether a log is of the step for this author: its first line repeats the flags of collect."""
    values = [value for value in source.values() if isinstance(value, str) and value]
    return all(value in found.text or shlex.quote(value) in found.text for value in values)
