"""Asking a Mastodon server through Mastodon.py, and what its refusals mean."""

from collections.abc import Callable
from typing import Any

import requests
from mastodon import Mastodon, MastodonError

from components.collect.json_fields import as_object
from components.collect.web.adapter import RefusedError, bounded_session, said_in
from components.collect.web.asking import RetryPolicy
from components.collect.web.pages import Page
from components.contracts.errors import BadInputError

PAGE = 40
"""Posts on a page: the most that Mastodon gives for `limit`."""
_MEANING = {
    401: "its server does not show these posts without a login; they are not public",
    403: "its server does not show these posts to everybody; they are not public",
    404: "its server has no account of this name: it was deleted, or the name is misspelled",
    410: "its server has suspended or deleted this account; its posts are not available",
}
_NO_PLACE = "there is no Mastodon API at this address; if its server is elsewhere, --mastodon-url"
GONE = (404, 410)
"""What a server answers for a post that it does not have, or does not show to everybody."""


class MastodonClient:
    """An open connection to the server of `address` at `url`."""

    def __init__(self, address: str, url: str, max_wait: float) -> None:
        self._about = f"@{address}"
        self._retries = RetryPolicy(address.partition("@")[2], url, max_wait)
        self._response = requests.Response()
        session = bounded_session()
        session.hooks["response"].append(self._keep)
        self._client = Mastodon(
            api_base_url=url,
            session=session,
            ratelimit_method="throw",
            user_agent="huggingtweets",
        )

    def account(self, address: str) -> dict[str, Any]:
        """The account with this address.

        Raises:
            BadInputError: the server has no such account, or cannot be asked.
        """
        answer: dict[str, Any] = self._ask(lambda: self._client.account_lookup(address), dict)
        return answer

    def statuses(self, account_id: str, before: str) -> Page:
        """A page of the account's posts older than the one with the id `before`, newest first.

        Raises:
            BadInputError: the server refuses, or cannot be asked.
        """

        def ask() -> object:
            return self._client.account_statuses(account_id, max_id=before or None, limit=PAGE)

        return {"statuses": self._ask(ask, list)}

    def has_status(self, status_id: str) -> bool:
        """Whether the server shows this post to everybody.

        Raises:
            BadInputError: the server refuses, or cannot be asked.
        """
        try:
            self._answer(lambda: self._client.status(status_id), dict)
        except RefusedError as refusal:
            if refusal.status in GONE and refusal.body:
                return False
            raise explain_mastodon(refusal, self._about) from refusal
        return True

    def _ask(self, ask: Callable[[], object], kind: type) -> Any:
        try:
            return self._answer(ask, kind)
        except RefusedError as refusal:
            raise explain_mastodon(refusal, self._about) from refusal

    def _answer(self, ask: Callable[[], object], kind: type) -> Any:
        """The answer, read as plain JSON: Mastodon.py's own types drop what they do not expect."""

        def plain() -> Any:
            try:
                ask()
            except MastodonError as error:
                raise _cause_of(error) from error
            answer = self._response.json()
            if not isinstance(answer, kind):
                raise ValueError(f"no JSON {kind.__name__}")
            return answer

        return self._retries.ask(plain, self._about)

    def _keep(self, response: requests.Response, **_: Any) -> None:
        self._response = response


def _cause_of(error: MastodonError) -> Exception:
    """What went wrong when Mastodon.py asked: it wraps all of it as one kind of error."""
    cause = error.__context__
    known = isinstance(cause, RefusedError | requests.RequestException)
    return cause if known and isinstance(cause, Exception) else ValueError(type(error).__name__)


def explain_mastodon(refusal: RefusedError, about: str) -> BadInputError:
    """The error to raise for a refusal that asking again would not change."""
    body = as_object(refusal.body)
    meaning = _MEANING.get(refusal.status, "its server refuses") if body else _NO_PLACE
    return BadInputError(f"{about}: {meaning} ({refusal.status}){said_in(body, 'error')}")
