"""A run's steps on a terminal: a line for each, which changes; elsewhere a line a change."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from components.runtime.logs import logs_are_json
from pipelines.kubeflow.run_state import RunState, RunStep

log = logging.getLogger(__name__)

STYLES = {"SUCCEEDED": "green", "FAILED": "bold red", "CANCELED": "yellow", "RUNNING": "cyan"}


class View(Protocol):
    """Where the steps of a run are shown."""

    def show(self, state: RunState) -> None:
        """Show the steps as they are now."""

    def say(self, sentence: str) -> None:
        """Say something beside them."""


def step_line(step: RunStep) -> str:
    """A step in one line: `SUCCEEDED  prepare @ann     11 s, attempt 2`."""
    return f"{step.state:<10} {step.label:<10} {_facts(step)}".rstrip()


def _facts(step: RunStep) -> str:
    """How long a step took, and which attempt it is: `1 min 52 s, attempt 2`."""
    seconds = step.seconds()
    facts = ["reused"] if step.cached else []
    facts += [lasting(seconds)] if seconds is not None else []
    facts += [f"attempt {step.attempt}"] if step.attempt > 1 else []
    return ", ".join(facts)


def lasting(seconds: float) -> str:
    """`52 s`, `1 min 52 s`, `2 h 1 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def step_view() -> Iterator[View]:
    """A view for as long as a run is followed."""
    if not sys.stderr.isatty() or logs_are_json():
        yield _Lines()
        return
    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        yield _Terminal(live)


class _Lines:
    """A line for each change."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, int]] = {}

    def show(self, state: RunState) -> None:
        for step in state.steps:
            now = (step.state, step.attempt)
            if self._said.get(step.label) != now:
                self._said[step.label] = now
                log.info("%s", step_line(step))

    def say(self, sentence: str) -> None:
        log.info("%s", sentence)


class _Terminal:
    """A line for each step, drawn anew."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, state: RunState) -> None:
        table = Table.grid(padding=(0, 2))
        for step in state.steps:
            shown = Text(step.state, style=STYLES.get(step.state, ""))
            table.add_row(shown, Text(step.label), Text(_facts(step)))
        self._live.update(table, refresh=True)

    def say(self, sentence: str) -> None:
        self._live.console.print(Text(sentence))
