"""Sending tweepy's requests to the wanted address, within time, and reading refusals."""

from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

TWEEPY_HOST = "https://api.twitter.com"
"""The address that tweepy 4.17 has in its code."""
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0


class RefusedError(Exception):
    """X answered with something else than success."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.problems = problems_of(_json(response))
        super().__init__(f"{self.status} {response.reason}")


class GatewayAdapter(HTTPAdapter):
    """Carries what is meant for tweepy's fixed host to `url`, and gives up on silence.

    Refusals are raised here, before tweepy reads them: it trips over bodies and headers that are
    not as it expects. Mount it on a session with `session.mount(TWEEPY_HOST, GatewayAdapter(url))`.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url.rstrip("/")

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        """Send the request; the options are those of `requests`.

        Raises:
            RefusedError: the answer's status is not one of success.
            requests.RequestException: there is no whole answer in time.
        """
        request.url = self._url + (request.url or "").removeprefix(TWEEPY_HOST)
        options["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        options["proxies"] = get_environ_proxies(request.url)
        response = super().send(request, **options)
        if not response.ok:
            raise RefusedError(response)
        return response


def problems_of(body: Any) -> list[dict[str, Any]]:
    """The problems that an answer states: its `errors`, or itself where it is one (RFC 9457)."""
    if not isinstance(body, dict):
        return []
    errors = body.get("errors")
    stated = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    return stated or ([body] if "title" in body or "detail" in body else [])


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except (ValueError, requests.RequestException):
        return None
