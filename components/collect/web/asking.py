"""Asking a server again where that may help, and giving up where it may not."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import requests

from components.collect.times import parse_time
from components.collect.web.adapter import RefusedError
from components.contracts.errors import BadInputError, UnreachableError

log = logging.getLogger(__name__)

MAX_TRIES = 6
"""How often one page is asked for."""
FIRST_WAIT = 1.0
"""Seconds before the second try; each further wait is twice as long."""
RATE_LIMITED = 429
_RESETS = ("x-rate-limit-reset", "ratelimit-reset", "x-ratelimit-reset")
"""When the rate limit is reset: of X and of Bluesky as a Unix time, of Mastodon in ISO 8601."""
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Patience:
    """How a server is asked."""

    server: str
    """What messages call it."""
    url: str
    max_wait: float
    """Longest wait in seconds for a rate limit to be reset."""

    def ask(self, ask: Callable[[], Answer], about: str) -> Answer:
        """What `ask` gives, `about` whom messages call it.

        Tries again after 429, 5xx and broken or late answers, at most `MAX_TRIES` times in all.

        Raises:
            RefusedError: the server refuses, and asking again would not change it.
            BadInputError: it asks for too long a wait, or cannot be reached.
        """
        for number in range(1, MAX_TRIES + 1):
            wait = FIRST_WAIT * 2 ** (number - 1)
            try:
                return ask()
            except RefusedError as refusal:
                if refusal.status == RATE_LIMITED:
                    wait = max(wait, self._until_reset(refusal, about))
                elif refusal.status < 500:
                    raise
                problem: Exception = refusal
            except (requests.RequestException, ValueError) as broken:
                problem = broken
            if number < MAX_TRIES:
                self._sleep(wait, problem, number)
        raise self._giving_up(problem, about) from problem

    def _until_reset(self, refusal: RefusedError, about: str) -> float:
        """Seconds until the rate limit is reset, by the header that says when.

        Raises:
            BadInputError: that is longer than the longest wait.
        """
        wait = seconds_to_reset(refusal.headers)
        if wait > self.max_wait:
            raise BadInputError(
                f"{about}: {self.server}'s rate limit is used up for another {wait:,.0f} seconds, "
                f"more than the longest wait of {self.max_wait:,.0f}; go on later with --resume, "
                "or raise --max-wait"
            ) from refusal
        return wait

    def _sleep(self, wait: float, problem: Exception, number: int) -> None:
        wait, why = min(wait, self.max_wait), _in_words(problem)
        log.warning(
            "%s: %s; trying again in %.0f s (%d of %d)", self.server, why, wait, number, MAX_TRIES
        )
        time.sleep(wait)

    def _giving_up(self, problem: Exception, about: str) -> BadInputError:
        return UnreachableError(
            f"{about}: no answer from {self.server} at {self.url} after {MAX_TRIES} tries "
            f"({_in_words(problem)}); go on later with --resume"
        )


def seconds_to_reset(headers: Mapping[str, str]) -> float:
    """How long a rate limit lasts, by the header that says when it ends; 0 where none does."""
    for name in _RESETS:
        if at := parse_time(headers.get(name, "")):
            return at.timestamp() + 1 - time.time()
    return 0.0


def _in_words(problem: Exception) -> str:
    """The kind of problem; an exception's own text may hold what nobody needs to read."""
    if isinstance(problem, RefusedError):
        return f"it answered {problem}"
    if isinstance(problem, requests.Timeout):
        return "it took too long to answer"
    if isinstance(problem, requests.ConnectionError):
        return "the connection failed"
    return "its answer was cut off or is not as it should be"
