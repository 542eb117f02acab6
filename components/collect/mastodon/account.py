"""Whose posts they are."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from components.collect.config import author_of_address
from components.collect.html_text import read_html
from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.mastodon.client import MastodonClient
from components.collect.posts import is_number, shown, valid_unicode
from components.collect.web.account import Account, keep_to_wishes, wishes_in
from components.collect.web.checkpoint import Checkpoint
from components.contracts.errors import BadInputError
from components.contracts.reports import Consent


class FoundAccount(NamedTuple):
    """An account and what its own server calls it."""

    account: Account
    local_id: str


def find_mastodon_account(
    address: str, client: MastodonClient, kept: Checkpoint, consent: Consent
) -> FoundAccount:
    """Look the account up by its address, or take what the checkpoint holds of it.

    Raises:
        BadInputError: there is no such account, it is suspended or moved, or asks to be left alone
            and is another's; or its server cannot be asked.
    """
    answer = kept.load("account")
    if answer is None:
        answer = client.account(address)
        kept.save("account", answer)
    _check(answer, address)
    keep_to_wishes(f"@{address}", _wishes(answer), consent)
    domain, posts = address.partition("@")[2], as_text(answer.get("statuses_count"))
    username = as_text(answer.get("username"))
    account = Account(
        account_id=as_text(answer.get("uri")) or as_text(answer.get("url")) or address,
        handle=author_of_address(f"{username}@{domain}"),
        display_name=valid_unicode(as_text(answer.get("display_name"))) or None,
        picture_url=as_text(answer.get("avatar")) or None,
        posts=int(posts) if is_number(posts) else None,
    )
    return FoundAccount(account, as_text(answer.get("id")))


def _check(answer: dict[str, Any], address: str) -> None:
    """Refuse an account whose posts this server does not have.

    Raises:
        BadInputError: it is suspended, moved, or of another server.
    """
    username, _, domain = address.partition("@")
    local_id, acct = as_text(answer.get("id")), as_text(answer.get("acct"))
    if answer.get("suspended") is True:
        raise BadInputError(
            f"@{address}: its server has suspended this account; its posts are not available"
        )
    if not local_id.isalnum() or as_text(answer.get("username")).lower() != username.lower():
        raise BadInputError(f"@{address}: the server's answer is not an account of this name")
    if "@" in acct:
        raise BadInputError(
            f"@{address}: this server has but a part of its posts; ask the account's own server, "
            "with --mastodon-url if that is not where its address says"
        )
    if moved := as_text(as_object(answer.get("moved")).get("acct")):
        to = shown(moved if "@" in moved else f"{moved}@{domain}")
        raise BadInputError(f"@{address} has moved to @{to}; give --mastodon {to}")


def _wishes(answer: dict[str, Any]) -> Iterator[str]:
    if answer.get("noindex") is True:
        yield "it asks not to be indexed"
    if answer.get("discoverable") is False:
        yield "it asks not to be shown to people who do not look for it"
    fields = as_objects(answer.get("fields"))
    said = [answer.get("note"), *(field.get(key) for field in fields for key in ("name", "value"))]
    yield from wishes_in("\n".join(read_html(as_text(one)).text for one in said))
