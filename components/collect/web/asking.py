"""Asking a server again where that may help, and giving up where it may not."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NoReturn, TypeVar

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

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
class RetryPolicy:
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
        again = Retrying(
            stop=stop_after_attempt(MAX_TRIES),
            retry=retry_if_exception(_may_pass),
            wait=partial(self._wait, about),
            before_sleep=self._say,
            retry_error_callback=partial(self._give_up, about),
        )
        return again(ask)

    def _wait(self, about: str, state: RetryCallState) -> float:
        """Seconds before the next try."""
        problem = _problem(state)
        wait: float = FIRST_WAIT * 2 ** (state.attempt_number - 1)
        if isinstance(problem, RefusedError) and problem.status == RATE_LIMITED:
            wait = max(wait, self._until_reset(problem, about))
        return min(wait, self.max_wait)

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

    def _say(self, state: RetryCallState) -> None:
        log.warning(
            "%s: %s; trying again in %.0f s (%d of %d)",
            self.server, _in_words(_problem(state)), state.upcoming_sleep,
            state.attempt_number, MAX_TRIES,
        )  # fmt: skip

    def _give_up(self, about: str, state: RetryCallState) -> NoReturn:
        problem = _problem(state)
        raise UnreachableError(
            f"{about}: no answer from {self.server} at {self.url} after {MAX_TRIES} tries "
            f"({_in_words(problem)}); go on later with --resume"
        ) from problem


def _problem(state: RetryCallState) -> BaseException:
    """What the last try raised."""
    assert state.outcome is not None
    problem = state.outcome.exception()
    assert problem is not None
    return problem


def _may_pass(problem: BaseException) -> bool:
    """Whether asking again may help; 501 says that the server does not know the call."""
    if isinstance(problem, RefusedError):
        return problem.status == RATE_LIMITED or (problem.status >= 500 and problem.status != 501)
    return isinstance(problem, requests.RequestException | ValueError)


def seconds_to_reset(headers: Mapping[str, str]) -> float:
    """How long a rate limit lasts, by the header that says when it ends; 0 where none does."""
    for name in _RESETS:
        if at := parse_time(headers.get(name, "")):
            return at.timestamp() + 1 - time.time()
    return 0.0


def _in_words(problem: BaseException) -> str:
    """The kind of problem; an exception's own text may hold what nobody needs to read."""
    if isinstance(problem, RefusedError):
        return f"it answered {problem}"
    if isinstance(problem, requests.Timeout):
        return "it took too long to answer"
    if isinstance(problem, requests.ConnectionError):
        return "the connection failed"
    return "its answer was cut off or is not as it should be"
