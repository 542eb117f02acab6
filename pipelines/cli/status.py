"""`huggingtweets status`: the state of a run, and of each step."""

import argparse
import json
from typing import TYPE_CHECKING

from components.runtime.flags import a_name
from pipelines.kubeflow.connection import KubeflowConnection, add_connection_flags
from pipelines.kubeflow.failure import RunFailedError, why_failed
from pipelines.kubeflow.run_state import RunState, run_state
from pipelines.kubeflow.step_lines import step_line
from pipelines.kubeflow.waiting import waiting_now

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Kubeflow


def add_status_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `status` to the command line."""
    status = commands.add_parser("status", help="the state of a run on Kubeflow")
    status.add_argument("run_id", metavar="RUN_ID", type=a_name)
    add_connection_flags(status)
    status.add_argument("--json", action="store_true", help="as one JSON object")
    status.set_defaults(run=print_status)


def connect(given: argparse.Namespace) -> "Kubeflow":
    """The host that the flags name."""
    from pipelines.kubeflow.client import Kubeflow  # kfp takes a second to import

    return Kubeflow(KubeflowConnection.of(given))


def print_status(given: argparse.Namespace) -> int:
    """Write the run's state and each step's to standard output; end as the run did."""
    kubeflow = connect(given)
    state = run_state(kubeflow.run(given.run_id))
    failure = why_failed(kubeflow, state) if state.failed else None
    waits = waiting_now(kubeflow, state)
    if given.json:
        print(as_json(kubeflow, state, failure, with_steps=True, waits=waits))
    else:
        print(f"run {state.run_id}: {state.state}")
        for step in state.steps:
            print(f"  {step_line(step)}")
        print(kubeflow.connection.run_url(state.run_id))
        for sentence in (*waits, *([failure] if failure else [])):
            print(sentence)
    return failure.exit_code if failure else 0


def as_json(
    kubeflow: "Kubeflow",
    state: RunState,
    failure: RunFailedError | None = None,
    *,
    with_steps: bool = False,
    waits: list[str] | None = None,
) -> str:
    """`run_id`, `url`, `state`, why it failed if it did, and perhaps `steps`, as a JSON object."""
    said: dict[str, object] = {
        "run_id": state.run_id,
        "url": kubeflow.connection.run_url(state.run_id),
        "state": state.state,
    }
    if failure:
        said["error"] = str(failure)
    if waits:
        said["waits"] = waits
    if with_steps:
        failing = state.failing
        said["steps"] = [
            {
                "name": step.name,
                "author": step.author,
                "state": step.state,
                "seconds": step.seconds(),
                "attempt": step.attempt,
                "reused": step.cached,
                "error": str(failure) if failure and step is failing else None,
            }
            for step in state.steps
        ]
    return json.dumps(said, ensure_ascii=False)
