"""Asking again: a bounded number of times, with growing and scattered pauses, until a deadline."""

import functools
import random
import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from components.storage.errors import TransientError

DEADLINE = 45.0
"""Seconds after which a call that keeps failing gives up."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def attempts(deadline: float = DEADLINE, most: int = 1000) -> Iterator[int]:
    """Count attempts from 0 with pauses between them, until `deadline` seconds have passed.

    The pauses double up to 5 seconds and are scattered over their whole length ("full jitter"),
    so that those who collided once do not collide again.
    """
    start, pause = time.monotonic(), FIRST_PAUSE
    for number in range(most):
        yield number
        waiting = random.uniform(0, pause)
        if time.monotonic() + waiting - start > deadline:
            return
        time.sleep(waiting)
        pause = min(2 * pause, LONGEST_PAUSE)


def retried(call: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Call again what raises TransientError; after the deadline let the last one through."""

    @functools.wraps(call)
    def again(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        last: TransientError | None = None
        for _ in attempts():
            try:
                return call(*args, **kwargs)
            except TransientError as error:
                last = error
        assert last is not None
        raise last

    return again
