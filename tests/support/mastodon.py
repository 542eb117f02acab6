"""A Mastodon server of one's own: the rules of its API for what collecting asks, no more.

It refuses what the documentation does not know: other routes, methods, parameters and values, and
too large a page, which a real server makes smaller instead; and more requests than the rate limit
allows.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.web_api import Answer, WebApi, web_api

START = datetime(2024, 1, 1, tzinfo=UTC)
LOOKUP = "/api/v1/accounts/lookup"
STATUSES = "/api/v1/accounts/42/statuses"
_FLAG = "true|false|1|0|t|f|on|off"
_LOOKUP = {"acct": r"@?\w[\w.-]*(@[\w.-]+)?"}
_PAGE = {
    "limit": "[1-9]|[1-3][0-9]|40",
    **dict.fromkeys(("max_id", "since_id", "min_id"), "[0-9]{1,19}"),
    **dict.fromkeys(("only_media", "exclude_replies", "exclude_reblogs", "pinned"), _FLAG),
    "tagged": r"\w+",
}

ANN = {"id": "7", "username": "ann", "acct": "ann@else.example", "url": "https://else.example"}
"""An account elsewhere, as a status that mentions it states it."""


def status(number: int, content: str = "<p>hello</p>", **more: Any) -> dict[str, Any]:
    """The `number`th status of an account."""
    post_id = str(112 * 10**15 + number)
    return {
        "id": post_id,
        "created_at": (START + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://social.example/users/nobody/statuses/{post_id}",
        "url": f"https://social.example/@nobody/{post_id}",
        "favourites_count": 0,
        "edited_at": None,
        "content": content,
        "reblog": None,
        "application": {"name": "Web", "website": None},
        "account": {"id": "42", "username": "nobody", "acct": "nobody"},
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "card": None,
        "poll": None,
        **more,
    }


def replying(number: int, account_id: str, **more: Any) -> dict[str, Any]:
    """The `number`th status of an account, a reply to one of this account."""
    return status(number, in_reply_to_id="5", in_reply_to_account_id=account_id, **more)


def reblog(number: int, content: str = "<p>theirs</p>") -> dict[str, Any]:
    """The `number`th status of an account, a post of somebody else."""
    theirs = status(
        number, content, account={"id": "7", "username": "ann", "acct": "ann@else.example"}
    )
    theirs["url"] = "https://else.example/@ann/9"
    return status(number, "<p>RT theirs</p>", reblog=theirs)


@dataclass
class MastodonAccount:
    """One account: its facts and its statuses, in any order."""

    statuses: list[dict[str, Any]] = field(default_factory=list)
    username: str = "nobody"
    account_id: str = "42"
    gone: bool = False
    """Whether it was suspended for good."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Further fields of the account."""


@dataclass
class MastodonServer(WebApi):
    """What the server knows, allows and has seen; tests change it as they like."""

    accounts: list[MastodonAccount] = field(default_factory=list)
    domain: str = "social.example"

    @property
    def pages(self) -> list[str]:
        """The requests for pages of statuses."""
        return [path for path in self.seen if "/statuses" in path]

    def answer(self, method: str, path: str, query: Mapping[str, list[str]]) -> Answer:
        """Answer a request by Mastodon's rules."""
        if method == "GET" and (one := re.fullmatch(r"/api/v1/statuses/([0-9]+)", path)):
            return self._status(one[1])
        found = re.fullmatch(r"/api/v1/accounts/([0-9]+)/statuses", path)
        if method != "GET" or not (found or path == LOOKUP):
            return self._refuse(404, "Not Found")
        if self.requests_left <= 0:
            return self._refuse(429, "Too many requests")
        self.requests_left -= 1
        if wrong := _unknown(_PAGE if found else _LOOKUP, query):
            return self._refuse(422, wrong)
        account = self._by_id(found[1]) if found else self._by_name(query)
        if account is None:
            return self._refuse(404, "Record not found")
        if account.gone:
            return self._refuse(410, "Gone")
        return self._page(account, path, query) if found else self._account(account)

    def _status(self, status_id: str) -> Answer:
        found = (one for account in self.accounts for one in account.statuses)
        shown = next((one for one in found if one["id"] == status_id), None)
        return self._ok(shown) if shown else self._refuse(404, "Record not found")

    def _by_id(self, account_id: str) -> MastodonAccount | None:
        return next((one for one in self.accounts if one.account_id == account_id), None)

    def _by_name(self, query: Mapping[str, list[str]]) -> MastodonAccount | None:
        name, _, domain = query.get("acct", [""])[0].removeprefix("@").lower().partition("@")
        if domain not in ("", self.domain):
            return None
        return next((one for one in self.accounts if one.username.lower() == name), None)

    def _account(self, account: MastodonAccount) -> Answer:
        facts = {
            "id": account.account_id,
            "username": account.username,
            "acct": account.username,
            "display_name": "No Body",
            "locked": False,
            "bot": False,
            "discoverable": None,
            "noindex": False,
            "note": "<p>Soup.</p>",
            "url": f"https://{self.domain}/@{account.username}",
            "uri": f"https://{self.domain}/users/{account.username}",
            "avatar": f"{self.url}/pictures/face.png",
            "statuses_count": len(account.statuses),
            "fields": [],
        }
        return self._ok(facts | account.facts)

    def _page(self, account: MastodonAccount, path: str, query: Mapping[str, list[str]]) -> Answer:
        """The newest statuses with ids below `max_id`, and where the next page is."""
        size, most = int(query.get("limit", ["20"])[0]), int(query.get("max_id", [10**19])[0])
        older = sorted(account.statuses, key=lambda one: -int(one["id"]))
        shown = [one for one in older if int(one["id"]) < most][:size]
        links = {}
        if len(shown) == size:
            address = f"{self.url}{path}?limit={size}&max_id={shown[-1]['id']}"
            links["Link"] = f'<{address}>; rel="next"'
        return self._ok(shown, links)

    def _ok(self, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        return 200, {**self._limits(), **(headers or {})}, json.dumps(body).encode()

    def _refuse(self, code: int, error: str) -> Answer:
        return code, self._limits(), json.dumps({"error": error}).encode()

    def _limits(self) -> dict[str, str]:
        reset = datetime.now(UTC) + timedelta(seconds=self.reset_after)
        return {
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": str(max(0, self.requests_left)),
            "X-RateLimit-Reset": reset.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }


def _unknown(parameters: Mapping[str, str], query: Mapping[str, list[str]]) -> str | None:
    """What is wrong with the parameters, if anything is."""
    for name, given in query.items():
        pattern = parameters.get(name)
        if pattern is None or len(given) != 1 or not re.fullmatch(pattern, given[0], re.ASCII):
            return f"Validation failed: {name} is not valid"
    return None


@contextmanager
def mastodon(*accounts: MastodonAccount, **facts: Any) -> Iterator[MastodonServer]:
    """Serve these accounts; `facts` are fields of `MastodonServer`."""
    with web_api(MastodonServer(accounts=list(accounts), **facts)) as state:
        yield state
