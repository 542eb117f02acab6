"""An X API of one's own: the rules of X's published OpenAPI for what collecting asks, no more.

It refuses what X refuses: a missing or wrong token, unknown parameters and values, too large a
page, an unknown page token, and more requests than the rate limit allows.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.archives import PNG
from support.web_api import Answer, AnsweringHandler, Fault, in_thread
from support.x_oauth import OAuthServer

TOKEN = "AAAAAAAA%2Bsecret"
PROBLEM = "https://api.twitter.com/2/problems/"
MOST_POSTS = 3200
START = datetime(2024, 1, 1, tzinfo=UTC)

_POST_ID = r"[0-9]{1,19}"
_SHARED = {
    *("attachments", "context_annotations", "conversation_id", "created_at", "entities", "geo"),
    *("id", "lang", "possibly_sensitive", "public_metrics", "reply_settings", "source", "text"),
    "withheld",
}
_FIELDS = {
    "tweet": _SHARED
    | {"author_id", "edit_history_tweet_ids", "in_reply_to_user_id", "note_tweet"}
    | {"referenced_tweets"},
    "post": _SHARED | {"note_post"},
}
_EXPANSIONS = {
    "tweet": {"author_id", "edit_history_tweet_ids", "in_reply_to_user_id", "referenced_tweets.id"},
    "post": {"author_id", "edit_history_post_ids", "in_reply_to_user_id", "referenced_posts"},
}
_USER_FIELDS = {
    *("created_at", "description", "entities", "id", "location", "name", "profile_image_url"),
    *("protected", "public_metrics", "url", "username", "verified", "withheld"),
}


def x_post(number: int, text: str = "hello", **more: Any) -> dict[str, Any]:
    """A post as X states it, the `number`th of its account."""
    at = START + timedelta(minutes=number)
    return {
        "id": str(10**18 + number),
        "text": text,
        "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "edit_history_tweet_ids": [str(10**18 + number)],
        "lang": "en",
        **more,
    }


@dataclass
class XAccount:
    """One account: its facts and its posts, in any order."""

    username: str
    posts: list[dict[str, Any]] = field(default_factory=list)
    account_id: str = "42"
    name: str = "No Body"
    protected: bool = False
    suspended: bool = False
    picture: str = "/pictures/face_normal.png"
    problems: list[dict[str, Any]] = field(default_factory=list)
    """Partial errors that come along with each page."""
    total: int | None = None
    """What `public_metrics` states, if not the number of posts."""


@dataclass
class XServer:
    """What the server knows, allows and has seen; tests change it as they like."""

    accounts: list[XAccount]
    spelling: str = "tweet"
    """Which of `tweet.fields` and `post.fields` it takes."""
    token: str = TOKEN
    requests_left: int = 10_000
    reset_after: float = 900.0
    faults: list[Fault | None] = field(default_factory=list)
    """One for each request to come but pictures; None and what comes after: as it should be."""
    seen: list[str] = field(default_factory=list)
    """Path and query of every request, in order."""
    authorizations: list[str | None] = field(default_factory=list)
    url: str = ""
    oauth: OAuthServer = field(default_factory=OAuthServer)

    @property
    def pages(self) -> list[str]:
        """The requests for pages of posts."""
        return [path for path in self.seen if "/tweets?" in path]

    def answer(
        self, path: str, query: Mapping[str, list[str]], authorization: str | None
    ) -> Answer:
        """Answer a request by X's rules."""
        who = self._who(authorization)
        if who is None:
            return _problem(401, "Unauthorized", "Unauthorized")
        if self.requests_left <= 0:
            return _problem(429, "Too Many Requests", "Too Many Requests", self._limits())
        self.requests_left -= 1
        if path == "/2/users/me":
            return self._user(self._by(username=who), who, query)
        if found := re.fullmatch(r"/2/users/by/username/([A-Za-z0-9_]{1,15})", path):
            return self._user(self._by(username=found[1]), found[1], query)
        if found := re.fullmatch(r"/2/users/([0-9]{1,19})/tweets", path):
            return self._timeline(self._by(account_id=found[1]), found[1], who, query)
        if path == "/2/tweets":
            return self._looked_up(query)
        return _problem(404, "Not Found", f"No such path: {path}")

    def _looked_up(self, query: Mapping[str, list[str]]) -> Answer:
        """The posts with these ids, 100 at most, and a problem for each that is not there."""
        ids = query.get("ids", [""])[0].split(",")
        if set(query) != {"ids"} or len(ids) > 100:
            return _invalid("ids", ",".join(ids))
        owners = {post["id"]: one for one in self.accounts for post in one.posts}
        there = [one for one in ids if one in owners and not owners[one].suspended]
        problems = [_missing(one, suspended=one in owners) for one in ids if one not in there]
        body = {"data": [{"id": one, "text": "hello"} for one in there], "errors": problems}
        return self._ok({key: value for key, value in body.items() if value})

    def _who(self, authorization: str | None) -> str | None:
        """The account that asks: "" for an app, None for nobody."""
        if authorization == f"Bearer {self.token}":
            return ""
        return self.oauth.who((authorization or "").removeprefix("Bearer "))

    def _by(self, **facts: str) -> XAccount | None:
        ((name, value),) = facts.items()
        return next((a for a in self.accounts if getattr(a, name).lower() == value.lower()), None)

    def _user(self, account: XAccount | None, name: str, query: Mapping[str, list[str]]) -> Answer:
        allowed = {"user.fields": _USER_FIELDS, f"{self.spelling}.fields": _FIELDS[self.spelling]}
        if wrong := _unknown(query, allowed | {"expansions": {"pinned_tweet_id"}}, {}):
            return wrong
        if account is None:
            detail = f"Could not find user with username: [{name}]."
            return self._ok({"errors": [_stated("Not Found Error", "resource-not-found", detail)]})
        if account.suspended:
            detail = f"User has been suspended: [{name}]."
            return self._ok({"errors": [_stated("Forbidden", "resource-not-found", detail)]})
        fields = {"id", "name", "username", *_asked(query, "user.fields")}
        facts = {
            "id": account.account_id,
            "name": account.name,
            "username": account.username,
            "protected": account.protected,
            "profile_image_url": self.url + account.picture,
            "public_metrics": {
                "tweet_count": len(account.posts) if account.total is None else account.total
            },
        }
        return self._ok({"data": {key: facts[key] for key in facts if key in fields}})

    def _timeline(
        self, account: XAccount | None, name: str, who: str, query: Mapping[str, list[str]]
    ) -> Answer:
        spelling = self.spelling
        values = {
            f"{spelling}.fields": _FIELDS[spelling],
            "expansions": _EXPANSIONS[spelling],
            "exclude": {"replies", "retweets"},
            "user.fields": _USER_FIELDS,
        }
        patterns = {
            "max_results": "[5-9]|[1-9][0-9]|100",
            "since_id": _POST_ID,
            "until_id": _POST_ID,
            "pagination_token": "[a-z0-9]+",
        }
        if wrong := _unknown(query, values, patterns):
            return wrong
        if account is None or account.suspended:
            detail = f"Could not find user with id: [{name}]."
            return self._ok({"errors": [_stated("Not Found Error", "resource-not-found", detail)]})
        if account.protected and who != account.username:
            detail = f"Sorry, you are not authorized to see the user with id: [{name}]."
            kind = "not-authorized-for-resource"
            return self._ok({"errors": [_stated("Authorization Error", kind, detail)]})
        return self._page(account, query)

    def _page(self, account: XAccount, query: Mapping[str, list[str]]) -> Answer:
        one = {name: values[0] for name, values in query.items()}
        posts = sorted(account.posts, key=lambda post: -int(post["id"]))[:MOST_POSTS]
        posts = [
            post
            for post in posts
            if int(one.get("since_id", 0)) < int(post["id"]) < int(one.get("until_id", 10**19))
        ]
        size, token = int(one.get("max_results", 10)), one.get("pagination_token")
        start = (
            0
            if token is None
            else next((at for at in range(0, len(posts), size) if _page_token(at) == token), -1)
        )
        if start < 0:
            return _invalid("pagination_token", token)
        shown = posts[start : start + size]
        meta: dict[str, Any] = {"result_count": len(shown)}
        if start + size < len(posts):
            meta["next_token"] = _page_token(start + size)
        if start:
            meta["previous_token"] = _page_token(max(0, start - size))
        body: dict[str, Any] = {"meta": meta}
        if shown:
            meta |= {"newest_id": shown[0]["id"], "oldest_id": shown[-1]["id"]}
            body["data"] = [self._shown(post, query) for post in shown]
            if account.problems:
                body["errors"] = account.problems
        return self._ok(body)

    def _shown(self, post: Mapping[str, Any], query: Mapping[str, list[str]]) -> dict[str, Any]:
        """The post in the server's spelling, with the fields that were asked for alone."""
        spelled = {
            key.replace("tweet", self.spelling) if self.spelling == "post" else key: value
            for key, value in post.items()
        }
        expanded = {name.partition(".")[0] for name in _asked(query, "expansions")}
        default = {"id", "text", f"edit_history_{self.spelling}_ids"}
        fields = default | set(_asked(query, f"{self.spelling}.fields")) | expanded
        return {key: value for key, value in spelled.items() if key in fields}

    def _ok(self, body: Mapping[str, Any]) -> Answer:
        return 200, self._limits(), json.dumps(body).encode()

    def _limits(self) -> dict[str, str]:
        return {
            "x-rate-limit-limit": "10000",
            "x-rate-limit-remaining": str(max(0, self.requests_left)),
            "x-rate-limit-reset": str(int(time.time() + self.reset_after)),
        }


def _asked(query: Mapping[str, list[str]], name: str) -> list[str]:
    return [value for values in query.get(name, []) for value in values.split(",")]


def _unknown(
    query: Mapping[str, list[str]], values: Mapping[str, set[str]], patterns: Mapping[str, str]
) -> Answer | None:
    """The refusal of the first parameter or value that X does not know, if there is one."""
    for name, given in query.items():
        if name in values:
            if not set(_asked(query, name)) <= values[name]:
                return _invalid(name, given[0])
        elif name not in patterns or not re.fullmatch(patterns[name], given[0]):
            return _invalid(name, given[0])
    return None


def _invalid(name: str, value: str | None) -> Answer:
    detail = f"The `{name}` query parameter value [{value}] is not valid."
    body = {
        "errors": [{"parameters": {name: [value]}, "message": detail}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": PROBLEM + "invalid-request",
    }
    return 400, {}, json.dumps(body).encode()


def _stated(title: str, kind: str, detail: str) -> dict[str, Any]:
    return {"title": title, "type": PROBLEM + kind, "detail": detail, "resource_type": "user"}


def _missing(post_id: str, *, suspended: bool) -> dict[str, Any]:
    """What X says of a post that it does not give."""
    said = "User has been suspended" if suspended else "Could not find tweet with ids"
    title = "Forbidden" if suspended else "Not Found Error"
    return {
        "value": post_id,
        "detail": f"{said}: [{post_id}].",
        "title": title,
        "resource_type": "tweet",
        "parameter": "ids",
        "resource_id": post_id,
        "type": PROBLEM + "resource-not-found",
    }


def _problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
) -> Answer:
    body = {"title": title, "detail": detail, "type": "about:blank", "status": status}
    return status, headers or {}, json.dumps(body).encode()


def _page_token(start: int) -> str:
    return f"7140dibdnow9c7btw{start:x}"


def refusing(status: int, detail: str = "no", **headers: str) -> Fault:
    """A fault: one request is answered with this status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: _problem(status, "Problem", detail, named)


@contextmanager
def x_api(*accounts: XAccount, **facts: Any) -> Iterator[XServer]:
    """Serve these accounts; `facts` are fields of `XServer`."""
    state = XServer(list(accounts), **facts)

    class Handler(AnsweringHandler):
        def do_GET(self) -> None:  # noqa: N802 - the library calls it so
            parts = urlsplit(self.path)
            state.seen.append(self.path)
            state.authorizations.append(self.headers.get("Authorization"))
            if parts.path.startswith("/pictures/"):
                self.send(200 if "_normal" in parts.path else 404, {}, PNG)
            elif state.faults and (fault := state.faults.pop(0)):
                if answer := fault(self):
                    self.send(*answer)
            else:
                query = parse_qs(parts.query, keep_blank_values=True)
                self.send(*state.answer(parts.path, query, self.headers.get("Authorization")))

        def do_POST(self) -> None:  # noqa: N802 - the library calls it so
            length = int(self.headers.get("Content-Length", 0))
            form = parse_qs(self.rfile.read(length).decode())
            state.seen.append(self.path)
            self.send(*state.oauth.give_token(self.path, form))

    with in_thread(Handler) as state.url:
        yield state
