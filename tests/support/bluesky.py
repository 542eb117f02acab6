"""A Bluesky API of one's own: the rules of its lexicons for what collecting asks, no more.

It refuses what these do not know: other methods, parameters and values, posted queries, too large
a page; and more requests than the rate limit allows.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.web_api import Answer, WebApi, web_api

START = datetime(2024, 1, 1, tzinfo=UTC)
PROFILE = "/xrpc/app.bsky.actor.getProfile"
FEED = "/xrpc/app.bsky.feed.getAuthorFeed"
RECORD = "/xrpc/com.atproto.repo.getRecord"
RECORDS = "/xrpc/com.atproto.repo.listRecords"
AI = "community.lexicon.preference.ai"
POSTS = "/xrpc/app.bsky.feed.getPosts"
MOST_URIS = 25
_FILTERS = (
    "posts_with_replies|posts_no_replies|posts_with_media|posts_and_author_threads|posts_with_video"
)
_ACTOR = r"did:[a-z]+:[a-zA-Z0-9._:%-]+|([a-zA-Z0-9-]+\.)+[a-zA-Z][a-zA-Z0-9-]*"
_POST = r"at://did:[a-z]+:\w+/app\.bsky\.feed\.post/\w+"
_PARAMETERS = {
    PROFILE: {"actor": _ACTOR},
    FEED: {
        "actor": _ACTOR,
        "limit": "[1-9][0-9]?|100",
        "cursor": ".*",
        "filter": _FILTERS,
        "includePins": "true|false",
    },
    RECORD: {"repo": _ACTOR, "collection": "[a-zA-Z.-]+", "rkey": ".+", "cid": ".+"},
    RECORDS: {
        "repo": _ACTOR,
        "collection": "[a-zA-Z.-]+",
        "limit": "[1-9][0-9]?|100",
        "cursor": ".*",
        "reverse": "true|false",
    },
}
_WHO = {PROFILE: "actor", FEED: "actor", RECORD: "repo", RECORDS: "repo"}


def moment(number: int) -> str:
    """When the `number`th post was made."""
    return (START + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def bsky_post(number: int, text: str = "hello", **record: Any) -> dict[str, Any]:
    """The `number`th item of a feed; `record` are further fields of the post's record."""
    return {
        "post": {
            "uri": f"at://did:plc:nobody/app.bsky.feed.post/3k{number:06}",
            "cid": f"bafy{number}",
            "author": {"did": "did:plc:nobody", "handle": "nobody.bsky.social"},
            "record": {
                "$type": "app.bsky.feed.post",
                "text": text,
                "createdAt": moment(number),
                "langs": ["en"],
                **record,
            },
            "indexedAt": moment(number),
        }
    }


def bsky_repost(number: int, text: str = "theirs") -> dict[str, Any]:
    """The `number`th item of a feed, a post of somebody else."""
    item = bsky_post(number, text)
    item["post"]["author"] = {"did": "did:plc:ann", "handle": "ann.example.com"}
    item["post"]["uri"] = f"at://did:plc:ann/app.bsky.feed.post/3a{number:06}"
    item["reason"] = {
        "$type": "app.bsky.feed.defs#reasonRepost",
        "by": {"did": "did:plc:nobody", "handle": "nobody.bsky.social"},
        "uri": f"at://did:plc:nobody/app.bsky.feed.repost/3r{number:06}",
        "indexedAt": moment(number),
    }
    return item


def bsky_reply(number: int, did: str, author: dict[str, str] | None) -> dict[str, Any]:
    """The `number`th post, a reply to one of this account; `author` is what Bluesky says of it."""
    uri = f"at://{did}/app.bsky.feed.post/3p"
    ref = {"uri": uri, "cid": "bafy"}
    item = bsky_post(number, "yes", reply={"root": ref, "parent": ref})
    return item | ({"reply": {"parent": {"uri": uri, "author": author}}} if author else {})


def ai_record(scope: str = "global", said: Mapping[str, bool] = {}, **more: str) -> dict[str, Any]:
    """A record of what an author says of AI, for a scope: `entity`, `collection` or `global`."""
    return {
        "$type": AI,
        "updatedAt": moment(0),
        "scope": {"$type": f"{AI}#{scope}Scope", **more},
        "preferences": {
            name: {"allow": allow, "updatedAt": moment(0)} for name, allow in said.items()
        },
    }


@dataclass
class BskyAccount:
    """One account: its facts and its feed, the newest first."""

    handle: str = "nobody.bsky.social"
    feed: list[dict[str, Any]] = field(default_factory=list)
    did: str = "did:plc:nobody"
    state: str = ""
    """`AccountTakedown` or `AccountDeactivated`, if it is in one of these."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Further fields of its profile."""
    ai: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Its records of `AI` by key."""


@dataclass
class BskyServer(WebApi):
    """What the server knows, allows and has seen; tests change it as they like."""

    accounts: list[BskyAccount] = field(default_factory=list)
    unknown: tuple[str, ...] = ()
    """Methods that it does not know, though the lexicons do."""

    @property
    def pages(self) -> list[str]:
        """The requests for pages of posts."""
        return [path for path in self.seen if path.startswith(FEED)]

    def answer(self, method: str, path: str, query: Mapping[str, list[str]]) -> Answer:
        """Answer a request by Bluesky's rules."""
        if path not in (*_PARAMETERS, POSTS) or path in self.unknown:
            return self._refuse(501, "MethodNotImplemented", "Method Not Implemented")
        if method != "GET":
            return self._refuse(
                405, "InvalidRequest", f"Incorrect HTTP method ({method}) expected GET"
            )
        if self.requests_left <= 0:
            return self._refuse(429, "RateLimitExceeded", "Rate Limit Exceeded")
        self.requests_left -= 1
        if path == POSTS:
            return self._posts(query)
        if wrong := _unknown(path, query):
            return self._refuse(400, "InvalidRequest", wrong)
        actor = query[_WHO[path]][0].lower()
        account = next((a for a in self.accounts if actor in (a.handle.lower(), a.did)), None)
        if account is None:
            return self._refuse(400, "InvalidRequest", "Profile not found")
        if account.state:
            return self._refuse(400, account.state, "Account has been taken down or deactivated")
        if path in (RECORD, RECORDS):
            return self._records(account, path, query)
        return self._profile(account) if path == PROFILE else self._page(account, query)

    def _records(self, account: BskyAccount, path: str, query: Mapping[str, list[str]]) -> Answer:
        records = account.ai if query["collection"] == [AI] else {}
        listed = [
            {"uri": f"at://{account.did}/{AI}/{key}", "cid": "bafy", "value": record}
            for key, record in records.items()
        ]
        if path == RECORDS:
            return self._ok({"records": listed})
        for one in listed:
            if one["uri"].endswith(f"/{query['rkey'][0]}"):
                return self._ok(one)
        return self._refuse(400, "RecordNotFound", "Could not locate record")

    def _posts(self, query: Mapping[str, list[str]]) -> Answer:
        """Those of the posts that are there; of the others nothing is said."""
        uris = query.get("uris", [])
        fine = all(re.fullmatch(_POST, uri) for uri in uris)
        if set(query) != {"uris"} or not 0 < len(uris) <= MOST_URIS or not fine:
            return self._refuse(400, "InvalidRequest", "Error: uris is not valid")
        views = (item["post"] for account in self.accounts for item in account.feed)
        return self._ok({"posts": [view for view in views if view["uri"] in uris]})

    def _profile(self, account: BskyAccount) -> Answer:
        facts = {
            "did": account.did,
            "handle": account.handle,
            "displayName": "No Body",
            "avatar": f"{self.url}/pictures/face.png",
            "labels": [],
            "postsCount": len(account.feed),
        }
        return self._ok(facts | account.facts)

    def _page(self, account: BskyAccount, query: Mapping[str, list[str]]) -> Answer:
        """Of the feed what is older than the cursor, which is a time."""
        size, before = int(query.get("limit", ["50"])[0]), query.get("cursor", ["9"])[0]
        older = [item for item in account.feed if _sort_time(item) < before]
        page: dict[str, Any] = {"feed": older[:size]}
        if older:
            page["cursor"] = _sort_time(older[:size][-1])
        return self._ok(page)

    def _ok(self, body: Mapping[str, Any]) -> Answer:
        return 200, self._limits(), json.dumps(body).encode()

    def _refuse(self, status: int, error: str, message: str) -> Answer:
        return status, self._limits(), json.dumps({"error": error, "message": message}).encode()

    def _limits(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": "3000",
            "RateLimit-Remaining": str(max(0, self.requests_left)),
            "RateLimit-Reset": str(int(time.time() + self.reset_after)),
            "RateLimit-Policy": "3000;w=300",
        }


def _sort_time(item: Mapping[str, Any]) -> str:
    return str((item.get("reason") or item["post"])["indexedAt"])


def _unknown(path: str, query: Mapping[str, list[str]]) -> str | None:
    """What is wrong with the parameters, if anything is."""
    for name, given in query.items():
        pattern = _PARAMETERS[path].get(name)
        if pattern is None:
            return f"Error: Unrecognized parameter: {name}"
        if len(given) != 1 or not re.fullmatch(pattern, given[0]):
            return f"Error: {name} is not valid: {given[0]}"
    who = _WHO[path]
    return None if who in query else f'Error: Params must have the property "{who}"'


@contextmanager
def bluesky(*accounts: BskyAccount, **facts: Any) -> Iterator[BskyServer]:
    """Serve these accounts; `facts` are fields of `BskyServer`."""
    with web_api(BskyServer(accounts=list(accounts), **facts)) as state:
        yield state
