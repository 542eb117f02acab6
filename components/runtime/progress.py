"""Progress of long work: a bar on a terminal, a line now and then elsewhere."""

import functools
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from components.runtime.logs import logs_are_json

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 15.0


class Advance(Protocol):
    """Says that `amount` more is done, with a few words about how it goes."""

    def __call__(self, amount: int, words: str = "") -> None:
        """Add `amount` to what is done."""


@contextmanager
def progress(task: str, total: int) -> Iterator[Advance]:
    """Show how far `task` is; call what this gives for every bit done of `total`."""
    on_terminal = sys.stderr.isatty() and not logs_are_json()
    with (_bar if on_terminal else _lines)(task, total) as advance:
        yield advance


@contextmanager
def _bar(task: str, total: int) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=_console(), transient=True) as bar:
        number = bar.add_task(task, total=total, words="")
        yield lambda amount, words="": bar.update(number, advance=amount, words=words)


@functools.cache
def _console() -> Console:
    """One for all bars, so that one within another stands below it."""
    return Console(stderr=True)


@contextmanager
def _lines(task: str, total: int) -> Iterator[Advance]:
    done, last = 0, time.monotonic()

    def advance(amount: int, words: str = "") -> None:
        nonlocal done, last
        done += amount
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            log.info("%s: %d of %d %s", task, done, total, words)

    yield advance
