"""How long this process waits for a store that is away: a job does, a server never."""

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from components.contracts.errors import BadInputError

VARIABLE = "HUGGINGTWEETS_STORE_WAIT"
DEFAULT = 600.0
"""Seconds: a pod that moves to another node with its volume takes about as long."""
IN_CLUSTER = "KUBERNETES_SERVICE_HOST"
"""What Kubernetes sets in every pod."""

_waits: list[float] = []


@contextmanager
def waiting_for_stores(environment: Mapping[str, str]) -> Iterator[None]:
    """Within the block, in all threads, wait for stores that are away.

    Raises:
        BadInputError: HUGGINGTWEETS_STORE_WAIT is no number of seconds.
    """
    _waits.append(_seconds(environment.get(VARIABLE, "").strip()))
    try:
        yield
    finally:
        _waits.pop()


def store_wait() -> float:
    """Seconds to wait for a store that is away; 0 outside of a job."""
    return _waits[-1] if _waits else 0.0


def in_a_pod() -> bool:
    """Whether Kubernetes runs this: then an address that nobody answers is likely a right one."""
    return IN_CLUSTER in os.environ


def _seconds(text: str) -> float:
    try:
        seconds = float(text or DEFAULT)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise BadInputError(f"{VARIABLE}: {text!r} is not a number of seconds, as 600 is")
    return seconds
