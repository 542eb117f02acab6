"""Asking again: with growing and scattered pauses, until a deadline."""

import functools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import ParamSpec, TypeVar

from components.storage.base import Content
from components.storage.errors import (
    ConflictError,
    ObjectMissingError,
    StorageError,
    TransientError,
)

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
    """Count attempts from 0, pausing between them: two at least, then until the deadline.

    The pauses double up to 5 seconds and are scattered over their whole length ("full jitter"),
    so that those who collided once do not collide again.
    """
    end = time.monotonic() + (DEADLINE if deadline is None else deadline)
    pause, number = FIRST_PAUSE, 0
    while True:
        yield number
        number += 1
        waiting = random.uniform(0, pause)
        if number > 1 and time.monotonic() + waiting > end:
            return
        time.sleep(waiting)
        pause = min(2 * pause, LONGEST_PAUSE)


def retried_on(
    *kinds: type[StorageError],
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Call again what raises one of these errors; at the deadline let the last one through."""

    def decorate(call: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @functools.wraps(call)
        def again(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            last: StorageError | None = None
            for _ in attempts():
                try:
                    return call(*args, **kwargs)
                except kinds as error:
                    last = error
            assert last is not None
            raise last

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
    lost: TransientError | None = None
    for _ in attempts():
        try:
            return write()
        except TransientError as error:
            lost = error
        except ConflictError:
            if lost is None:
                raise
            with suppress(ObjectMissingError):
                found = read()
                if found.data == data:
                    return found.version
            raise
    assert lost is not None
    raise lost
