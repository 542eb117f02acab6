"""Asking again: with growing and scattered pauses, until a deadline."""

import functools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import ParamSpec, TypeVar

from components.storage.base import Content
from components.storage.errors import (
    AwayError,
    ConflictError,
    ObjectMissingError,
    StorageError,
    TransientError,
)
from components.storage.outages import ENDPOINTS

CONNECT_TIMEOUT = 5.0
"""Seconds that a connection may take to come about."""
READ_TIMEOUT = 15.0
"""Seconds that a connection may stay silent."""
DEADLINE = 25.0
"""Seconds after which a call that failed twice gives up: a dead endpoint is known in a minute."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def attempts(deadline: float | None = None) -> Iterator[int]:
    """Count attempts from 0, pausing between them: two at least, then until the deadline."""
    end = time.monotonic() + (DEADLINE if deadline is None else deadline)
    for number, pause in enumerate(_pauses()):
        yield number
        if number and time.monotonic() + pause > end:
            return
        time.sleep(pause)


def _pauses() -> Iterator[float]:
    """Seconds to pause: they double up to 5 and are scattered over their whole length.

    Such "full jitter" keeps those who collided once from colliding again.
    """
    longest = FIRST_PAUSE
    while True:
        yield random.uniform(0, longest)
        longest = min(2 * longest, LONGEST_PAUSE)


class Tries:
    """The tries of one call: two at least, then until the deadline, or as long as a store is away
    that is worth waiting for."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._pauses = enumerate(_pauses())

    def pause_after(self, error: StorageError) -> None:
        """Pause before the next try; raise `error` where it was the last one."""
        number, pause = next(self._pauses)
        end = self._began + DEADLINE
        if isinstance(error, AwayError):
            end = max(end, ENDPOINTS.end(error, self._began))
        if number and time.monotonic() + pause > end:
            raise error
        if isinstance(error, AwayError):
            ENDPOINTS.say(error, end)
        time.sleep(pause)


def retried_on(
    *kinds: type[StorageError],
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Call again what raises one of these errors; let the last one through."""

    def decorate(call: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @functools.wraps(call)
        def again(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            tries = Tries()
            while True:
                try:
                    return call(*args, **kwargs)
                except kinds as error:
                    tries.pause_after(error)

        return again

    return decorate


retried = retried_on(TransientError)
"""Call again what may work in a moment."""


def written_once(write: Callable[[], str], read: Callable[[], Content], data: bytes) -> str:
    """Make a conditional write, again if need be; return the version written.

    When an answer is lost, the write may have happened, and asking again meets a conflict with
    ourselves: then what stands there is compared with `data`.

    Raises:
        ConflictError: somebody else's bytes stand there.
    """
    tries, lost = Tries(), False
    while True:
        try:
            return write()
        except TransientError as error:
            lost = True
            tries.pause_after(error)
        except ConflictError:
            if not lost:
                raise
            with suppress(ObjectMissingError):
                found = read()
                if found.data == data:
                    return found.version
            raise
