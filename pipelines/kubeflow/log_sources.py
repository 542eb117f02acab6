"""Where the log of a step is found: in the run's store as it was written, else at the host."""

import itertools
import logging
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.contracts.errors import HuggingtweetsError
from components.report.step_logs import StepLog, step_logs
from components.runtime.flags import flag_of
from components.runtime.log_lines import BY_HAND, as_line
from components.storage import StorageError
from pipelines.kubeflow.run_state import RunState, RunStep

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Kubeflow

log = logging.getLogger(__name__)

PIPELINES = ("persona", "forget", "refresh", "fleet", "sweep")
"""The names of the pipelines, as their packages say them."""


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
            found = self._found(step.name)
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

    def _found(self, step: str) -> list[StepLog]:
        """The logs below the run's folder, which lies in one of its pipeline's name.

        Argo names a run after its pipeline, one of a schedule after that.
        """
        pipeline = str(self._state.workflow).rpartition("-")[0]
        root = str(self._state.pipeline_root).rstrip("/")
        for name in [pipeline] if pipeline in PIPELINES else [*PIPELINES, pipeline]:
            if found := step_logs(f"{root}/{name}/{self._state.run_id}", step):
                return found
        return []


def _joined(texts: list[str]) -> str | None:
    """The logs of all attempts, each from a line of its own."""
    begun = [text if text.endswith("\n") else text + "\n" for text in texts[:-1]]
    return "".join([*begun, *texts[-1:]]) or None


def _is_of(found: StepLog, source: Mapping[str, Any]) -> bool:
    """Whether a log is of the step for this source: its first line repeats the flags of collect."""
    flags = [(flag_of(name), value) for name, value in source.items() if isinstance(value, str)]
    said = set(itertools.pairwise(_by_hand(found.text)))
    return said.issuperset((flag, value) for flag, value in flags if value)


def _by_hand(text: str) -> list[str]:
    """The words of the line that does by hand what the step does, which it says first."""
    for line in text.splitlines():
        message = str((as_line(line) or {"message": line})["message"])
        if message.startswith(BY_HAND):
            return shlex.split(message.removeprefix(BY_HAND))
    return []
