"""What X's refusals mean, in one sentence each."""

from collections.abc import Sequence
from typing import Any

from components.collect.web.adapter import RefusedError
from components.collect.x_api.tokens import Token
from components.contracts.errors import BadInputError

_LONGEST = 200
_MEANING = {
    401: "X does not accept the token; make a new one, or run huggingtweets login",
    402: "the X developer account has no credits left; add some in the developer console",
    403: "X does not allow this token to read these posts; check the app's access",
    404: "X knows no such address; check the handle and --x-api-url",
}


class BadRequestError(BadInputError):
    """X does not take the parameters of a request."""


def explain_x(refusal: RefusedError, about: str, token: Token) -> BadInputError:
    """The error to raise for a refusal that asking again would not change."""
    problems = problems_of(refusal.body)
    said = said_by_x(problems, token)
    if refusal.status == 400:
        return BadRequestError(f"{about}: X does not take the request (400){said}")
    meaning = _of_account(problems) or _MEANING.get(
        refusal.status, "X refuses; look the number up in its documentation"
    )
    return BadInputError(f"{about}: {meaning} ({refusal.status}){said}")


def explain_problems(problems: Sequence[dict[str, Any]], about: str, token: Token) -> BadInputError:
    """The error to raise for an answer that holds nothing but problems, its status 200 or not."""
    meaning = _of_account(problems) or "X answers with nothing but errors"
    return BadInputError(f"{about}: {meaning}{said_by_x(problems, token)}")


def said_by_x(problems: Sequence[dict[str, Any]], token: Token) -> str:
    """The first problem in X's own words, on one line, without the token."""
    for problem in problems:
        for key in ("detail", "message", "title"):
            text = problem.get(key)
            if isinstance(text, str) and text.strip():
                line = token.hide(" ".join(text.split()))
                shown = "".join(c if c.isprintable() else "?" for c in line)
                return f"; it says: {shown[:_LONGEST]}"
    return ""


def _of_account(problems: Sequence[dict[str, Any]]) -> str | None:
    """What the problems say of the account itself."""
    said = " ".join(
        str(problem.get(key, "")) for problem in problems for key in ("title", "detail", "type")
    ).lower()
    if "suspended" in said:
        return "X has suspended this account; its posts are not available"
    if "not authorized to see" in said or "not-authorized-for-resource" in said:
        return (
            "this account is protected; run huggingtweets login as its owner "
            "or as somebody who may read it"
        )
    if "could not find user" in said or "resource-not-found" in said:
        return "X has no account of this name: it was renamed or deleted, or the name is misspelled"
    return None


def problems_of(body: Any) -> list[dict[str, Any]]:
    """The problems that an answer states: its `errors`, or itself where it is one (RFC 9457)."""
    if not isinstance(body, dict):
        return []
    errors = body.get("errors")
    stated = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    return stated or ([body] if "title" in body or "detail" in body else [])
