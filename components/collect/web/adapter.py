"""Carrying requests within bounds of time and size, and telling refusals from answers."""

import time
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from components.collect.posts import shown

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
WHOLE_SECONDS = 120.0
"""For an answer from its first byte to its last."""
MOST_BYTES = 32 << 20
"""A page of a hundred of X's longest posts has about 10 MB."""
_CHUNK = 1 << 16
_LONGEST = 200


class RefusedError(Exception):
    """A server answered with something else than success."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.body = _json(response)
        """The answer's JSON; None if it is none."""
        super().__init__(f"{self.status} {response.reason}")


class BoundedAdapter(HTTPAdapter):
    """Gives up on silence, on answers without end, and on refusals.

    Refusals are raised here, before a client library reads them: they trip over bodies and headers
    that are not as they expect. Mount it on a session with `session.mount(prefix, adapter)`.
    """

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        """Send the request; the options are those of `requests`.

        Raises:
            RefusedError: the answer's status is not one of success.
            requests.RequestException: there is no whole answer in time.
        """
        options["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        options["proxies"] = get_environ_proxies(request.url or "")
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


def bounded_session() -> requests.Session:
    """A session whose requests are all carried within bounds."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, BoundedAdapter())
    return session


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


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except (ValueError, requests.RequestException):
        return None


def said_in(body: Any, *keys: str) -> str:
    """The first of these texts of a JSON object, on one line, to end a sentence with."""
    if isinstance(body, dict):
        for key in keys:
            text = body.get(key)
            if isinstance(text, str) and text.strip():
                return f"; it says: {shown(' '.join(text.split()), _LONGEST)}"
    return ""
