"""A clock that does not go by itself."""

import time

import pytest


def only_sleeping_moves_the_clock(patch: pytest.MonkeyPatch) -> list[float]:
    """Sleeping takes no time and moves `time.monotonic`; gives the sleeps so far."""
    slept: list[float] = []
    patch.setattr(time, "sleep", slept.append)
    patch.setattr(time, "monotonic", lambda: sum(slept))
    return slept
