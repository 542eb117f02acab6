"""Sending tweepy's requests to the wanted address, within time, and reading refusals."""

import time
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

TWEEPY_HOST = "https://api.twitter.com"
"""The address that tweepy 4.17 has in its code."""
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
WHOLE_SECONDS = 120.0
"""For an answer from its first byte to its last."""
MOST_BYTES = 32 << 20
"""A page of a hundred of the longest posts has about 10 MB."""
_CHUNK = 1 << 16


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
        options["stream"] = True
        response = super().send(request, **options)
        try:
            response._content = _whole(response)
        except requests.RequestException:
            response.close()
            raise
        if not response.ok:
            raise RefusedError(response)
        return response


def _whole(response: requests.Response) -> bytes:
    """The answer's body, if it comes within time and is no larger than a page can be.

    Raises:
        requests.RequestException: it does not, or breaks off.
    """
    end, body = time.monotonic() + WHOLE_SECONDS, bytearray()
    try:
        while data := response.raw.read1(_CHUNK, decode_content=True):
            body += data
            if time.monotonic() > end:
                raise requests.Timeout
            if len(body) > MOST_BYTES:
                raise requests.ConnectionError
    except urllib3.exceptions.TimeoutError as error:
        raise requests.Timeout from error
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError from error
    return bytes(body)


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
