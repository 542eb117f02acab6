"""Following a run to its end."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pipelines.kubeflow.run_state import RunState, run_state
from pipelines.kubeflow.step_lines import step_view
from pipelines.kubeflow.waiting import Waiting

if TYPE_CHECKING:
    from pipelines.kubeflow.client import Kubeflow

SECONDS_BETWEEN = 5.0
"""Between two questions for a run's state."""
LONGEST_SILENCE = 15 * 60.0
"""After so many seconds without an answer, following is given up; the run itself goes on."""


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
    from pipelines.kubeflow.answers import UnavailableError

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
