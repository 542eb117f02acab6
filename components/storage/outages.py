"""Stores that are away: which of them are worth waiting for, and what is said meanwhile."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from components.runtime.patience import in_a_pod, store_wait
from components.storage.errors import AwayError

log = logging.getLogger(__name__)

SAID_AFTER = 2.0
"""Seconds that an outage lasts before it is said: a connection that breaks once is no news."""
SAID_EVERY = 30.0


@dataclass
class Outage:
    """How long an endpoint has not answered, by `time.monotonic`."""

    since: float
    said: float | None = None


@dataclass
class Endpoints:
    """What a process has seen of the endpoints that it asks, from any thread."""

    known: set[str] = field(default_factory=set)
    """Those that answered once: their addresses are right."""
    away: dict[str, Outage] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def lost(self, endpoint: str) -> None:
        """A call failed."""
        with self.lock:
            self.away.setdefault(endpoint, Outage(time.monotonic()))

    def answered(self, endpoint: str) -> None:
        """A call was answered, whatever with."""
        with self.lock:
            self.known.add(endpoint)
            outage = self.away.pop(endpoint, None)
        if outage and outage.said is not None:
            log.info("%s answers again after %s", endpoint, _span(time.monotonic() - outage.since))

    def end(self, error: AwayError, began: float) -> float:
        """Until when a call that began then and failed so goes on; the past if it is no use.

        An outage is waited out once, not by every call anew.
        """
        wait = store_wait()
        if not wait or not self._is_worth_it(error):
            return began
        outage = self.away.get(error.endpoint)
        return min(began, outage.since if outage else began) + wait

    def say(self, error: AwayError, end: float) -> None:
        """Say what is waited for, now and then."""
        now = time.monotonic()
        with self.lock:
            outage = self.away.get(error.endpoint)
            if outage is None or now < outage.since + SAID_AFTER:
                return
            if outage.said is not None and now < outage.said + SAID_EVERY:
                return
            outage.said = now
        log.warning("%s; trying again for up to %s", error, _span(end - now))

    def _is_worth_it(self, error: AwayError) -> bool:
        """An address that never answered may be mistyped; in a pod, its store may yet start."""
        return error.endpoint in self.known or (in_a_pod() and not error.nameless)


ENDPOINTS = Endpoints()
"""Those of this process."""


@contextmanager
def noticed(endpoint: str) -> Iterator[None]:
    """Take notice of whether the store at `endpoint` answers the block's one request."""
    try:
        yield
    except AwayError:
        ENDPOINTS.lost(endpoint)
        raise
    except Exception:
        ENDPOINTS.answered(endpoint)
        raise
    ENDPOINTS.answered(endpoint)


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 100 else f"{max(seconds, 1):.0f} s"
