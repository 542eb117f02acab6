"""What the steps of a run wait for: an image, a processor, a Secret, a volume."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from components.contracts.errors import HuggingtweetsError
from components.runtime.errors import one_line
from pipelines.kubeflow.argo import item_of
from pipelines.kubeflow.run_state import RunState, source_labels
from pipelines.kubeflow.step_lines import lasting

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Kubeflow

LONG = 120.0
"""After so many seconds it is said where to look, if nothing says what a step waits for."""
PASSING = ("ContainerCreating", "PodInitializing")
"""What every pod says at first."""
WHOLE = "the run"
_STEP = re.compile(r"\.(?P<step>[^.()]+?)(-driver)?(\(\d+\))?(\.executor(\(\d+\))?)?$")
_GROUP = re.compile(r"root|iteration(-item)?|(exit-handler|for-loop|condition(-branches)?)-\d+")
"""What Kubeflow makes of a pipeline around its steps."""


class WaitedTooLongError(HuggingtweetsError):
    """A step has not started within `--start-timeout`."""


def reasons(workflow: Mapping[str, Any], state: RunState) -> dict[str, str]:
    """What Argo says of each step that waits: its nodes' messages, by the step's label.

    The message is empty where a pod has been asked for and nothing more is known. Of a run that
    Argo itself holds back, what it says of the whole.
    """
    status = workflow.get("status") or {}
    nodes = status.get("nodes") or {}
    if not nodes and status.get("message"):
        return {WHOLE: one_line(str(status["message"]))}
    return {
        _label(str(node["name"]), state): one_line(str(node.get("message") or ""))
        for node in nodes.values()
        if node.get("type") == "Pod" and node.get("phase") == "Pending"
    }


def _label(name: str, state: RunState) -> str:
    match = _STEP.search(name)
    step, item = match["step"] if match else name, item_of(name)
    if _GROUP.fullmatch(step):
        return WHOLE
    if item is None or item >= len(state.sources):
        return step
    return f"{step} {source_labels(state.sources)[item]}".rstrip()


def where_to_look(kubeflow: "Kubeflow", state: RunState) -> str:
    """The command that shows why a pod waits, or the run where it has none yet."""
    namespace = kubeflow.connection.namespace or "kubeflow"
    kind = "pods" if state.workflow else "workflows"
    selector = f"pipeline/runid={state.run_id}"
    return f"`kubectl describe {kind} --namespace {namespace} --selector {selector}`"


def waiting_now(kubeflow: "Kubeflow", state: RunState) -> list[str]:
    """A sentence for each step that waits and says for what."""
    if not state.is_waiting:
        return []
    found = _asked(kubeflow, state) or {}
    said = [f"{label} waits: {message}" for label, message in found.items() if message]
    if said or not _waits_long(state):
        return said
    what = "a pod of it waits" if state.workflow else "it has not begun"
    return [f"{what}, and nothing here says why; {where_to_look(kubeflow, state)} shows it"]


def _waits_long(state: RunState) -> bool:
    since = [step.started for step in state.steps if step.state == "RUNNING"] or [state.created]
    now = datetime.now(UTC)
    return any(at and (now - at).total_seconds() >= LONG for at in since)


def _asked(kubeflow: "Kubeflow", state: RunState) -> dict[str, str] | None:
    """What waits, and for what; None where the host does not tell."""
    try:
        return reasons(kubeflow.workflow(state.run_id), state)
    except (HuggingtweetsError, AttributeError, KeyError, TypeError):
        return None


class Waiting:
    """Follows what the steps of a run wait for."""

    def __init__(
        self,
        kubeflow: "Kubeflow",
        start_timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`start_timeout`: seconds after which a step that does not start is given up."""
        self._kubeflow = kubeflow
        self._start_timeout = start_timeout
        self._clock = clock
        self._since: dict[str, float] = {}
        self._said: set[tuple[str, str]] = set()

    def news(self, state: RunState) -> Iterator[str]:
        """What was not said before about the steps that wait.

        Raises:
            WaitedTooLongError: one has waited for longer than it may.
        """
        found: Mapping[str, str] = {}
        if state.is_waiting and not state.is_final:
            asked = _asked(self._kubeflow, state)
            open_steps = [s.label for s in state.steps if s.state in ("RUNNING", "PENDING")]
            found = asked or dict.fromkeys(open_steps or [WHOLE], "")
        now = self._clock()
        self._since = {label: self._since.get(label, now) for label in found}
        for label, message in found.items():
            waited = now - self._since[label]
            yield from self._sentence(label, message, waited, state)
            self._check(label, message, waited)

    def _sentence(self, label: str, message: str, waited: float, state: RunState) -> Iterator[str]:
        is_known = bool(message) and message not in PASSING
        if (label, message) in self._said or not (is_known or waited >= LONG):
            return
        self._said.add((label, message))
        if is_known:
            yield f"{label} waits: {message}"
        else:
            look = where_to_look(self._kubeflow, state)
            yield f"{label} has waited for {lasting(waited)} and nothing says why; {look} shows it"

    def _check(self, label: str, message: str, waited: float) -> None:
        if self._start_timeout is not None and waited > self._start_timeout:
            raise WaitedTooLongError(
                f"{label} did not start within --start-timeout"
                + (f": {message}" if message else "")
                + "; the run itself goes on: mend what it waits for, or terminate it in Kubeflow"
            )
