"""Asking X for a page: within bounds, again where that may help, and clear where it may not."""

import logging
import time
from collections.abc import Mapping
from typing import Any

import requests
import tweepy  # type: ignore[import-untyped]

from components.collect.x_api.adapter import TWEEPY_HOST, GatewayAdapter, RefusedError
from components.collect.x_api.refusals import explain
from components.collect.x_api.tokens import Token
from components.contracts.errors import BadInputError

log = logging.getLogger(__name__)

MAX_TRIES = 6
"""How often one page is asked for."""
FIRST_WAIT = 1.0
"""Seconds before the second try; each further wait is twice as long."""
RATE_LIMITED = 429


class XClient:
    """An open connection to the X API at `url`."""

    def __init__(self, url: str, token: Token, max_wait: float) -> None:
        logging.getLogger("tweepy").setLevel(logging.INFO)  # at debug it logs the token
        self._url, self._token, self._max_wait = url, token, max_wait
        self._tweepy = tweepy.Client(return_type=requests.Response)
        self._tweepy.session.mount(TWEEPY_HOST, GatewayAdapter(url))

    def get(self, route: str, params: Mapping[str, str], about: str) -> dict[str, Any]:
        """The answer to one request, `about` whom messages call it.

        Tries again after 429, 5xx and broken or late answers, at most `MAX_TRIES` times in all.

        Raises:
            BadRequestError: X does not take these parameters (400).
            BadInputError: X refuses otherwise, asks for too long a wait, or cannot be reached.
        """
        for number in range(1, MAX_TRIES + 1):
            wait = FIRST_WAIT * 2 ** (number - 1)
            try:
                return self._ask(route, params)
            except RefusedError as refusal:
                if refusal.status == RATE_LIMITED:
                    wait = max(wait, self._until_reset(refusal, about))
                elif refusal.status < 500:
                    raise explain(refusal, about, self._token) from refusal
                problem: Exception = refusal
            except (requests.RequestException, ValueError) as broken:
                problem = broken
            if number < MAX_TRIES:
                self._sleep(wait, problem, number)
        raise self._giving_up(problem, about) from problem

    def _ask(self, route: str, params: Mapping[str, str]) -> dict[str, Any]:
        self._tweepy.bearer_token = self._token.current()
        answer = self._tweepy.request("GET", route, params=dict(params)).json()
        if not isinstance(answer, dict):
            raise ValueError("no JSON object")
        return answer

    def _until_reset(self, refusal: RefusedError, about: str) -> float:
        """Seconds until the rate limit is reset, by the header that says when.

        Raises:
            BadInputError: that is longer than the longest wait.
        """
        stated = refusal.headers.get("x-rate-limit-reset", "")
        if not (stated.isascii() and stated.isdigit()):
            return 0.0
        wait = int(stated[:20]) + 1 - time.time()
        if wait > self._max_wait:
            raise BadInputError(
                f"{about}: X's rate limit is used up for another {wait:,.0f} seconds, more than "
                f"the longest wait of {self._max_wait:,.0f}; go on later with --resume, "
                "or raise --max-wait"
            ) from refusal
        return wait

    def _sleep(self, wait: float, problem: Exception, number: int) -> None:
        wait = min(wait, self._max_wait)
        why = _in_words(problem)
        log.warning("X: %s; trying again in %.0f s (%d of %d)", why, wait, number, MAX_TRIES)
        time.sleep(wait)

    def _giving_up(self, problem: Exception, about: str) -> BadInputError:
        return BadInputError(
            f"{about}: no answer from X at {self._url} after {MAX_TRIES} tries "
            f"({_in_words(problem)}); go on later with --resume"
        )


def _in_words(problem: Exception) -> str:
    """The kind of problem; an exception's own text may hold what nobody needs to read."""
    if isinstance(problem, RefusedError):
        return f"it answered {problem}"
    if isinstance(problem, requests.Timeout):
        return "it took too long to answer"
    if isinstance(problem, requests.ConnectionError):
        return "the connection failed"
    return "its answer was cut off or is no JSON"
