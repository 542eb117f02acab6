"""Asking X for a page: within bounds, again where that may help, and clear where it may not."""

import logging
from collections.abc import Mapping
from typing import Any

import requests
import tweepy  # type: ignore[import-untyped]

from components.collect.web.adapter import RefusedError
from components.collect.web.asking import RetryPolicy
from components.collect.x_api.adapter import TWEEPY_HOST, GatewayAdapter
from components.collect.x_api.refusals import explain_x
from components.collect.x_api.tokens import Token


class XClient:
    """An open connection to the X API at `url`."""

    def __init__(self, url: str, token: Token, max_wait: float) -> None:
        logging.getLogger("tweepy").setLevel(logging.INFO)  # at debug it logs the token
        self._token, self._retries = token, RetryPolicy("X", url, max_wait)
        self._tweepy = tweepy.Client(return_type=requests.Response)
        self._tweepy.session.mount(TWEEPY_HOST, GatewayAdapter(url))

    def get(self, route: str, params: Mapping[str, str], about: str) -> dict[str, Any]:
        """The answer to one request, `about` whom messages call it; see `RetryPolicy.ask`.

        Raises:
            BadRequestError: X does not take these parameters (400).
            BadInputError: X refuses otherwise, asks for too long a wait, or cannot be reached.
        """
        try:
            return self._retries.ask(lambda: self._ask(route, params), about)
        except RefusedError as refusal:
            raise explain_x(refusal, about, self._token) from refusal

    def _ask(self, route: str, params: Mapping[str, str]) -> dict[str, Any]:
        self._tweepy.bearer_token = self._token.current()
        answer = self._tweepy.request("GET", route, params=dict(params)).json()
        if not isinstance(answer, dict):
            raise ValueError("no JSON object")
        return answer
