"""Asking Bluesky through atproto, and what its refusals mean."""

import logging
from typing import Any

import httpx
from atproto import Client, Request, models

from components.collect.bluesky_names import shown_name
from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.web.adapter import RefusedError, bounded_session, said_in
from components.collect.web.asking import RetryPolicy
from components.contracts.errors import BadInputError

PAGE = 100
"""Posts on a page: the most that Bluesky takes as `limit`."""
_MEANING = {
    "AccountTakedown": "Bluesky has suspended this account; its posts are not available",
    "AccountDeactivated": "the owner has deactivated this account; its posts are not available",
    "AuthMissing": "it does not show these posts without a login; they are not public",
}
_UNKNOWN = (
    "Bluesky has no account of this name: it was renamed or deleted, or the name is misspelled"
)
_NO_PLACE = "there is no Bluesky API at this address; check --bluesky-url"


_NOTHING_THERE = frozenset(
    {
        "InvalidRequest",
        "MethodNotImplemented",
        "RecordNotFound",
        "RepoNotFound",
        "XRPCNotSupported",
    }
)
"""What a server calls it that a record, or a call, is not there."""


class _SessionTransport(httpx.BaseTransport):
    """Carries httpx's requests over a session of `requests`.

    atproto asks through httpx, the clients of X and Mastodon through `requests`. So the bounds of
    time and size, the proxies and what counts as a refusal are written once, in `web.adapter`.
    """

    def __init__(self) -> None:
        self._session = bounded_session()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request.

        Raises:
            RefusedError: the answer's status is not one of success.
            requests.RequestException: there is no whole answer in time.
        """
        headers = {"User-Agent": request.headers["User-Agent"], "Accept": "application/json"}
        answer = self._session.get(str(request.url), headers=headers)
        kind = {"Content-Type": answer.headers.get("Content-Type", "")}
        return httpx.Response(answer.status_code, headers=kind, content=answer.content)


class BlueskyClient:
    """An open connection to the Bluesky API at `url`."""

    def __init__(self, url: str, max_wait: float) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it says each request at info
        self._retries = RetryPolicy("Bluesky", url, max_wait)
        self._client = Client(url, request=Request(transport=_SessionTransport()))

    def profile(self, name: str) -> dict[str, Any]:
        """The profile of the account with this handle or DID.

        Raises:
            BadInputError: Bluesky has no such account, or cannot be asked.
        """
        params = models.AppBskyActorGetProfile.Params(actor=name)
        return self._ask("app.bsky.actor.getProfile", params, "did", name)

    def feed(self, did: str, name: str, cursor: str) -> dict[str, Any]:
        """A page of the account's posts, the newest first; `name` is for messages.

        Raises:
            BadInputError: Bluesky refuses, or cannot be asked.
        """
        params = models.AppBskyFeedGetAuthorFeed.Params(
            actor=did, limit=PAGE, cursor=cursor or None
        )
        return self._ask("app.bsky.feed.getAuthorFeed", params, "feed", name)

    def records(self, did: str, collection: str, name: str) -> list[dict[str, Any]]:
        """The account's records in this collection; `name` is for messages.

        A server that does not list records is asked for the one with the key `self`.

        Raises:
            BadInputError: the server refuses, or cannot be asked.
        """
        params = models.ComAtprotoRepoListRecords.Params(
            repo=did, collection=collection, limit=PAGE
        )
        route = "com.atproto.repo.listRecords"
        listed = self._ask_if_there(route, params, "records", name)
        if listed is not None:
            return [as_object(one.get("value")) for one in as_objects(listed["records"])]
        one = models.ComAtprotoRepoGetRecord.Params(repo=did, collection=collection, rkey="self")
        found = self._ask_if_there("com.atproto.repo.getRecord", one, "value", name)
        return [as_object(found["value"])] if found else []

    def _ask_if_there(self, route: str, params: Any, key: str, name: str) -> dict[str, Any] | None:
        """The answer; None where there is no such record, or the server does not know the call."""
        try:
            return self._asked(route, params, key, name)
        except RefusedError as refusal:
            if as_text(as_object(refusal.body).get("error")) in _NOTHING_THERE:
                return None
            raise explain_bluesky(refusal, shown_name(name)) from refusal

    def posts(self, uris: list[str], name: str) -> dict[str, Any]:
        """Those of the posts at these URIs, 25 at most, that are there; `name` is for messages.

        Raises:
            BadInputError: Bluesky refuses, or cannot be asked.
        """
        params = models.AppBskyFeedGetPosts.Params(uris=uris)
        return self._ask("app.bsky.feed.getPosts", params, "posts", name)

    def _ask(self, route: str, params: Any, key: str, name: str) -> dict[str, Any]:
        """The answer, which holds `key`.

        Raises:
            BadInputError: the server refuses, or cannot be asked.
        """
        try:
            return self._asked(route, params, key, name)
        except RefusedError as refusal:
            raise explain_bluesky(refusal, shown_name(name)) from refusal

    def _asked(self, route: str, params: Any, key: str, name: str) -> dict[str, Any]:
        """The answer, which holds `key`; raises RefusedError.

        Read as plain JSON: atproto's own models refuse a page for one odd post on it.
        """

        def ask() -> dict[str, Any]:
            answer = self._client.invoke_query(route, params=params).content
            if not isinstance(answer, dict) or key not in answer:
                raise ValueError(f"no JSON object with {key}")
            return answer

        return self._retries.ask(ask, shown_name(name))


def explain_bluesky(refusal: RefusedError, about: str) -> BadInputError:
    """The error to raise for a refusal that asking again would not change."""
    body = as_object(refusal.body)
    kind, said = as_text(body.get("error")), as_text(body.get("message")).lower()
    meaning = _MEANING.get(kind)
    if meaning is None and ("not found" in said or "resolve handle" in said):
        meaning = _UNKNOWN
    if meaning is None:
        meaning = "Bluesky refuses" if body else _NO_PLACE
    return BadInputError(f"{about}: {meaning} ({refusal.status}){said_in(body, 'message')}")
