"""`huggingtweets status` and `logs`, and following a run to its end."""

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from components.contracts.errors import BadInputError
from components.runtime.flags import a_name, a_path
from pipelines.run_state import RunState, run_state

if TYPE_CHECKING:
    from pipelines.kubeflow import Kubeflow

log = logging.getLogger(__name__)

SECONDS_BETWEEN = 5.0
"""Between two questions for a run's state."""
LONGEST_SILENCE = 15 * 60.0
"""After so many seconds without an answer, following is given up; the run itself goes on."""


def add_connection_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say which host, and who asks."""
    group = parser.add_argument_group("the Kubeflow Pipelines host")
    group.add_argument(
        "--host", required=True, type=a_name, metavar="URL", help="http://… or https://…"
    )
    group.add_argument("--token-file", type=a_path, metavar="FILE", help="holds the bearer token")
    group.add_argument(
        "--namespace", type=a_name, metavar="NAME", help="of the team, where there are several"
    )
    group.add_argument(
        "--ca-cert", type=a_path, metavar="FILE", help="the authority that signed the host's"
    )


def add_following_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Add `status` and `logs` to the command line."""
    status = commands.add_parser("status", help="the state of a run on Kubeflow")
    status.add_argument("run_id", metavar="RUN_ID", type=a_name)
    add_connection_flags(status)
    status.add_argument("--json", action="store_true", help="as one JSON object")
    status.set_defaults(run=print_status)
    logs = commands.add_parser("logs", help="what the steps of a run on Kubeflow wrote")
    logs.add_argument("run_id", metavar="RUN_ID", type=a_name)
    add_connection_flags(logs)
    logs.set_defaults(run=print_logs)


def connect(given: argparse.Namespace) -> "Kubeflow":
    """The host that the flags name."""
    from pipelines.kubeflow import Connection, Kubeflow  # kfp takes a second to import

    return Kubeflow(Connection.of(given))


def print_status(given: argparse.Namespace) -> int:
    """Write the run's state and each step's to standard output."""
    kubeflow = connect(given)
    state = run_state(kubeflow.run(given.run_id))
    if given.json:
        print(as_json(kubeflow, state, with_steps=True))
        return 0
    print(f"run {state.run_id}: {state.state}{_because(state.error)}")
    for step in state.steps:
        print(f"  {step.state:<10} {step.name}{_because(step.error)}")
    print(kubeflow.connection.run_url(state.run_id))
    return 0


def as_json(kubeflow: "Kubeflow", state: RunState, *, with_steps: bool = False) -> str:
    """`run_id`, `url` and `state`, and perhaps `steps`, as a JSON object."""
    said: dict[str, object] = {
        "run_id": state.run_id,
        "url": kubeflow.connection.run_url(state.run_id),
        "state": state.state,
    }
    if with_steps:
        said["steps"] = [
            {"name": step.name, "state": step.state, "error": step.error} for step in state.steps
        ]
    return json.dumps(said, ensure_ascii=False)


def print_logs(given: argparse.Namespace) -> int:
    """Write each step's log to standard output under the step's name."""
    kubeflow = connect(given)
    state = run_state(kubeflow.run(given.run_id))
    for step in state.steps:
        if not step.nodes:
            continue
        print(f"=== {step.name} ({step.state})")
        for node in step.nodes:
            print(_log_of(kubeflow, state.run_id, node).rstrip("\n"))
    return 0


def _log_of(kubeflow: "Kubeflow", run_id: str, node: str) -> str:
    from pipelines.kubeflow import KubeflowError

    try:
        return kubeflow.node_log(run_id, node)
    except (BadInputError, KubeflowError) as error:  # a pod may be gone, or not yet there
        return f"(no log: {error})"


def follow(
    kubeflow: "Kubeflow",
    run_id: str,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> RunState:
    """Say each step's state as it changes until the run has ended; its last state.

    Raises:
        UnavailableError: the host did not answer for LONGEST_SILENCE seconds.
    """
    said: dict[tuple[int, str], str] = {}
    for state in _states(kubeflow, run_id, sleep, clock):
        for number, step in enumerate(state.steps):
            if said.get((number, step.name)) != step.state:
                said[number, step.name] = step.state
                log.info("%-10s %s%s", step.state, step.name, _because(step.error))
    log.info("run %s: %s%s", run_id, state.state, _because(state.error))
    return state


def _states(
    kubeflow: "Kubeflow",
    run_id: str,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> Iterator[RunState]:
    """The run's state now and then, up to its last."""
    from pipelines.kubeflow import UnavailableError

    answered = clock()
    while True:
        try:
            state = run_state(kubeflow.run(run_id))
        except UnavailableError as error:
            if clock() - answered > LONGEST_SILENCE:
                raise
            log.warning("%s; asking again", error)
        else:
            answered = clock()
            yield state
            if state.is_final:
                return
        sleep(SECONDS_BETWEEN)


def _because(error: str | None) -> str:
    return f": {error}" if error else ""
