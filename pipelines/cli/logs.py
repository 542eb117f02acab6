"""`huggingtweets logs`: what the steps of a run on Kubeflow wrote."""

import argparse
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from components.contracts.errors import BadInputError
from components.runtime.flags import a_name
from components.runtime.log_lines import as_line
from components.text.terminal import printable
from pipelines.cli.status import connect
from pipelines.kubeflow.connection import add_connection_flags
from pipelines.kubeflow.failure import why_failed
from pipelines.kubeflow.following import states
from pipelines.kubeflow.log_sources import Logs
from pipelines.kubeflow.run_state import FINAL, RunState, RunStep, run_state
from pipelines.kubeflow.waiting import Waiting, waiting_now

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Kubeflow

log = logging.getLogger(__name__)

STARTED = (*FINAL, "RUNNING")


def add_logs_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `logs` to the command line."""
    parser = commands.add_parser("logs", help="what the steps of a run on Kubeflow wrote")
    parser.add_argument("run_id", metavar="RUN_ID", type=a_name)
    parser.add_argument("step", metavar="STEP", nargs="?", type=a_name, help="as train; else all")
    add_connection_flags(parser)
    parser.add_argument("--follow", action="store_true", help="go on until the run has ended")
    parser.add_argument("--json", action="store_true", help="the lines as the steps wrote them")
    parser.set_defaults(run=print_logs)


def print_logs(given: argparse.Namespace) -> int:
    """Write each step's log to standard output; end as the run did.

    Raises:
        BadInputError: the run has no such step.
        RunFailedError: the run failed.
    """
    kubeflow = connect(given)
    state = run_state(kubeflow.run(given.run_id))
    printer = _Printer(kubeflow, state, given.step, as_json=given.json)
    if given.follow:
        waiting = Waiting(kubeflow)
        for state in states(kubeflow, given.run_id, log.warning):
            printer.print_new(state)
            _warn(waiting.news(state))
    else:
        printer.check_step(state)
        printer.print_new(state)
        _warn(waiting_now(kubeflow, state))
    printer.check_step(state)
    if state.failed:
        raise why_failed(kubeflow, state, printer.logs)
    return 0


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        log.warning("%s", sentence)


class _Printer:
    """Writes what was not written before."""

    def __init__(
        self, kubeflow: "Kubeflow", state: RunState, wanted: str | None, *, as_json: bool
    ) -> None:
        self.logs = Logs(kubeflow, state)
        self._kubeflow = kubeflow
        self._wanted = wanted
        self._as_json = as_json
        self._written: dict[str, str] = {}
        self._ended: set[str] = set()

    def check_step(self, state: RunState) -> None:
        """Make sure that the run has the step that is asked for."""
        names = list(dict.fromkeys(step.name for step in state.steps))
        if self._wanted is not None and self._wanted not in names:
            has = f"it has {', '.join(names)}" if names else "it has none yet"
            raise BadInputError(f"run {state.run_id} has no step {self._wanted!r}; {has}")

    def print_new(self, state: RunState) -> None:
        """Write the logs of the steps that have started, as far as they are new."""
        for step in state.steps:
            is_asked = self._wanted in (None, step.name)
            if is_asked and step.state in STARTED and step.label not in self._ended:
                self._print_step(step, state)

    def _print_step(self, step: RunStep, state: RunState) -> None:
        text = self.logs.of(step, state) if step.state != "SKIPPED" else None
        if step.state in FINAL:
            self._ended.add(step.label)
        elif text:
            text = text[: text.rfind("\n") + 1]  # the rest of its last line is still to come
        is_first = step.label not in self._written
        if is_first and step.state != "SKIPPED":
            self._head(step, state, has_log=bool(text))
        before = self._written.get(step.label, "")
        new = text.removeprefix(before) if text else ""
        for line in new.splitlines():
            print(line if self._as_json else printable(readable(line)), flush=True)
        self._written[step.label] = text or before

    def _head(self, step: RunStep, state: RunState, *, has_log: bool) -> None:
        head = f"=== {step.label} ({step.state})"
        lines = [head] if has_log else [head, self._no_log(step, state)]
        for line in lines:
            if not self._as_json:
                print(line, flush=True)
            elif line != head:
                log.info("%s", line)

    def _no_log(self, step: RunStep, state: RunState) -> str:
        if step.cached:
            return f"({step.label} was reused from an earlier run, whose log it is)"
        if step.state != "RUNNING":
            return f"(no log of {step.label} can be read from here)"
        return (
            f"({step.label} still runs, and its log is kept when it has ended; until then "
            f"`{_kubectl(self._kubeflow, state.run_id)}` shows it)"
        )


def _kubectl(kubeflow: "Kubeflow", run_id: str) -> str:
    namespace = kubeflow.connection.namespace or "kubeflow"
    selector = f"pipeline/runid={run_id},workflows.argoproj.io/completed=false"
    return f"kubectl logs --namespace {namespace} --selector {selector} -c main --follow"


def readable(line: str) -> str:
    """A line of our JSON logs as people read it; any other line as it is."""
    said = as_line(line)
    if said is None:
        return line
    exception = f"\n{said['exception']}" if said.get("exception") else ""
    return (
        f"{_time(said.get('time'))}  {str(said['level']).upper():<7}  {said['message']}{exception}"
    )


def _time(given: object) -> str:
    """`2026-11-28 18:06:52`, in the zone that the line says."""
    try:
        return datetime.fromisoformat(str(given)).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return str(given or "")
