"""Whose timeline it is."""

from typing import Any

from components.collect.json_fields import as_object, as_text
from components.collect.posts import is_number, valid_unicode
from components.collect.web.account import Account
from components.collect.web.checkpoint import Checkpoint
from components.collect.x_api.client import XClient
from components.collect.x_api.refusals import explain_problems, problems_of
from components.collect.x_api.tokens import Token
from components.contracts.errors import BadInputError

FIELDS = ("id", "name", "profile_image_url", "protected", "public_metrics", "username")


def find_x_account(handle: str, client: XClient, token: Token, kept: Checkpoint) -> Account:
    """Look the account up by its handle, or take what the checkpoint holds of it.

    Raises:
        BadInputError: there is no such account, it is suspended, renamed, or protected from the
            token's eyes; or X cannot be asked.
    """
    about = f"@{handle}"
    answer = kept.load("account")
    if answer is None:
        route = f"/2/users/by/username/{handle}"
        answer = client.get(route, {"user.fields": ",".join(FIELDS)}, about)
        kept.save("account", answer)
    data = as_object(answer.get("data"))
    account_id, stated = as_text(data.get("id")), as_text(data.get("username"))
    if not is_number(account_id) or not stated:
        raise explain_problems(problems_of(answer), about, token)
    if stated.lower() != handle.lower():
        raise BadInputError(f"{about} was renamed to @{stated}; give --handle {stated}")
    if data.get("protected") is True and token.handle is None:
        raise BadInputError(
            f"{about}: this account is protected; run huggingtweets login as its owner "
            "or as somebody who may read it"
        )
    return _account(data, account_id, stated)


def _account(data: dict[str, Any], account_id: str, handle: str) -> Account:
    count = as_object(data.get("public_metrics"))
    posts = as_text(count.get("tweet_count", count.get("post_count")))
    return Account(
        account_id=account_id,
        handle=handle,
        display_name=valid_unicode(as_text(data.get("name"))) or None,
        picture_url=as_text(data.get("profile_image_url")) or None,
        posts=int(posts) if is_number(posts) else None,
    )
