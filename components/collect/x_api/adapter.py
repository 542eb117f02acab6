"""Sending tweepy's requests to the wanted address."""

from typing import Any

import requests

from components.collect.web.adapter import BoundedAdapter

TWEEPY_HOST = "https://api.twitter.com"
"""The address that tweepy 4.17 has in its code."""


class GatewayAdapter(BoundedAdapter):
    """Carries what is meant for tweepy's fixed host to `url`.

    Mount it on a session with `session.mount(TWEEPY_HOST, GatewayAdapter(url))`.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url.rstrip("/")

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        """Send the request; see `BoundedAdapter.send`."""
        request.url = self._url + (request.url or "").removeprefix(TWEEPY_HOST)
        return super().send(request, **options)
