"""Why a run failed: the step that did, in its own words, and what to do."""

import re
from typing import TYPE_CHECKING

from components.contracts.errors import HuggingtweetsError
from components.runtime.errors import one_line
from components.runtime.log_lines import StepError, error_in
from pipelines.kubeflow.log_sources import Logs
from pipelines.kubeflow.run_state import RunState, RunStep

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Kubeflow

_EXIT_STATUS = re.compile(r"exit status (\d+)")
_BY_LAUNCHER = re.compile(r"exit code 1\)?$")
"""What Argo says of every step that failed by itself: the launcher turns all codes into 1."""
_FATAL = re.compile(r"^F\d{4} [\d:.]+ +\d+ [\w.]+:\d+\] (.+)$", re.MULTILINE)
"""The last line of Kubeflow's driver and launcher where they fail, as Go's glog writes it."""
NEXT = {"OOMKilled": "it took more memory than it may: give it less to do, or a larger limit"}


class RunFailedError(HuggingtweetsError):
    """A run on Kubeflow failed or was cancelled."""

    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        """`exit_code`: as the same run on this machine would end, 1 or 2."""
        super().__init__(sentence)
        self.exit_code = exit_code


def why_failed(kubeflow: "Kubeflow", state: RunState, logs: Logs | None = None) -> RunFailedError:
    """What to say of a run that ended otherwise than well."""
    if state.state == "CANCELED":
        return RunFailedError(
            f"the run was cancelled{_while(state)}; submit it again to go on: what was finished "
            "before is reused where nothing has changed"
        )
    step = state.failing
    if step is None:
        said = f": {one_line(state.error)}" if state.error else " and names no step that failed"
        url = kubeflow.connection.run_url(state.run_id)
        return RunFailedError(f"the run ended as {state.state}{said}; see {url}")
    error = _error_of(kubeflow, state, step, logs or Logs(kubeflow, state))
    return RunFailedError(
        f"{step.label} failed: {error.sentence}", 2 if error.exit_code == 2 else 1
    )


def _while(state: RunState) -> str:
    ended = [step.label for step in state.steps if step.state == "CANCELED"]
    return f" at the step {', '.join(ended)}" if ended else ""


def _error_of(kubeflow: "Kubeflow", state: RunState, step: RunStep, logs: Logs) -> StepError:
    own = error_in(logs.in_store(step) or "")
    argo = _argos_words(kubeflow, state, step)
    if argo and step.attempt > 1:  # what earlier attempts said is not why the last one ended
        return StepError(argo, 1)
    if own and own.exit_code is not None:
        return own
    at_host = logs.at_host(step) or ""
    own = own or error_in(at_host)
    codes = _EXIT_STATUS.findall(at_host)
    code = next((int(code) for code in reversed(codes) if code != "1"), 1)
    if own:
        return StepError(own.sentence, code)
    if argo:
        return StepError(argo, code)
    fatal = [said for said in _FATAL.findall(at_host) if not _EXIT_STATUS.search(said)]
    if fatal:
        return StepError(f"Kubeflow says: {one_line(fatal[-1])}", code)
    return StepError(f"it says no reason here; {_where_to_look(kubeflow, state, step)}", code)


def _argos_words(kubeflow: "Kubeflow", state: RunState, step: RunStep) -> str | None:
    """What Argo says of a pod that did not end by itself: killed for memory, evicted, deleted."""
    if not step.pods:
        return None
    try:
        nodes = kubeflow.workflow(state.run_id)["status"]["nodes"]
        said = one_line(str(nodes[step.pods[-1]].get("message") or ""))
    except (HuggingtweetsError, KeyError, TypeError, AttributeError):
        return None
    if not said or _BY_LAUNCHER.search(said):
        return None
    what = next((words for sign, words in NEXT.items() if sign in said), None)
    return f"its pod ended with {said!r}" + (f": {what}" if what else "; submit the run again")


def _where_to_look(kubeflow: "Kubeflow", state: RunState, step: RunStep) -> str:
    if state.pipeline_root is None:
        return f"see {kubeflow.connection.run_url(state.run_id)}"
    return (
        f"its own words lie below {state.pipeline_root}: give this machine leave to read there, "
        f"and ask `huggingtweets logs {state.run_id} {step.name}` again"
    )
