"""Whose posts they are."""

from collections.abc import Iterator
from typing import Any

from components.collect.bluesky.client import BlueskyClient
from components.collect.bluesky_names import INVALID, account_name, is_did, shown_name
from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.posts import is_number, shown, valid_unicode
from components.collect.web.account import Account, keep_to_wishes, wishes_in
from components.collect.web.checkpoint import Checkpoint
from components.contracts.errors import BadInputError
from components.contracts.reports import Consent

MEMBERS_ONLY = "!no-unauthenticated"
"""The label with which an account asks apps to show it to logged-in people alone."""


def find_profile(name: str, client: BlueskyClient, kept: Checkpoint, consent: Consent) -> Account:
    """Look the account up by its handle or DID, or take what the checkpoint holds of it.

    Raises:
        BadInputError: there is no such account, it is suspended or renamed, or asks to be left
            alone and is another's; or Bluesky cannot be asked.
    """
    answer = kept.load("account")
    if answer is None:
        answer = client.profile(name)
        kept.save("account", answer)
    did, handle = as_text(answer.get("did")), stated_handle(answer, name)
    keep_to_wishes(shown_name(name), _wishes(answer), consent)
    posts = as_text(answer.get("postsCount"))
    return Account(
        account_id=did,
        handle=account_name(handle, did),
        display_name=valid_unicode(as_text(answer.get("displayName"))) or None,
        picture_url=as_text(answer.get("avatar")) or None,
        posts=int(posts) if is_number(posts) else None,
    )


def stated_handle(profile: dict[str, Any], name: str) -> str:
    """The handle in the profile of the account that was asked for as `name`.

    Raises:
        BadInputError: it is another account's, or the account has another handle by now or none.
    """
    did, handle = as_text(profile.get("did")), as_text(profile.get("handle"))
    if name.lower() in (did.lower(), handle.lower()):
        return handle
    if is_did(name):
        raise BadInputError(f"{name}: Bluesky's answer is of another account, {shown(did)}")
    if handle.lower() == INVALID:
        raise BadInputError(
            f"@{name} no longer leads to its account, so Bluesky shows it as {INVALID}; give the "
            f"account's DID, which stays: --bluesky {shown(did)}"
        )
    raise BadInputError(
        f"@{name} is now called @{shown(handle)}; give --bluesky with its name of today"
    )


def _wishes(profile: dict[str, Any]) -> Iterator[str]:
    labels = [as_object(label) for label in as_objects(profile.get("labels"))]
    if any(one.get("val") == MEMBERS_ONLY and not one.get("neg") for one in labels):
        yield "it asks to be shown to logged-in people alone"
    yield from wishes_in(as_text(profile.get("description")))
