"""`huggingtweets status`, and following a run to its end."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from components.runtime.flags import a_name
from pipelines.connection import Connection, add_connection_flags
from pipelines.failure import RunFailedError, why_failed
from pipelines.run_state import RunState, run_state
from pipelines.step_lines import step_line, step_view
from pipelines.waiting import Waiting, waiting_now

if TYPE_CHECKING:
    from pipelines.kubeflow import Kubeflow

SECONDS_BETWEEN = 5.0
"""Between two questions for a run's state."""
LONGEST_SILENCE = 15 * 60.0
"""After so many seconds without an answer, following is given up; the run itself goes on."""


def add_status_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `status` to the command line."""
    status = commands.add_parser("status", help="the state of a run on Kubeflow")
    status.add_argument("run_id", metavar="RUN_ID", type=a_name)
    add_connection_flags(status)
    status.add_argument("--json", action="store_true", help="as one JSON object")
    status.set_defaults(run=print_status)


def connect(given: argparse.Namespace) -> "Kubeflow":
    """The host that the flags name."""
    from pipelines.kubeflow import Kubeflow  # kfp takes a second to import

    return Kubeflow(Connection.of(given))


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


def follow(
    kubeflow: "Kubeflow",
    run_id: str,
    start_timeout: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> RunState:
    """Show each step's state as it changes, and what it waits for, until the run has ended.

    Raises:
        UnavailableError: the host did not answer for LONGEST_SILENCE seconds.
        WaitedTooLongError: a step did not start within `start_timeout` seconds.
    """
    waiting = Waiting(kubeflow, start_timeout, clock)
    with step_view() as view:
        for state in states(kubeflow, run_id, view.say, sleep, clock):
            view.show(state)
            for sentence in waiting.news(state):
                view.say(sentence)
        view.say(f"run {state.run_id}: {state.state}")
    return state


def states(
    kubeflow: "Kubeflow",
    run_id: str,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[RunState]:
    """The run's state now and then, up to its last."""
    from pipelines.kubeflow_answers import UnavailableError

    answered = clock()
    while True:
        try:
            state = run_state(kubeflow.run(run_id))
        except UnavailableError as error:
            if clock() - answered > LONGEST_SILENCE:
                raise
            say(f"{error}; asking again")
        else:
            answered = clock()
            yield state
            if state.is_final:
                return
        sleep(SECONDS_BETWEEN)
