"""Whose posts they are."""

from collections.abc import Iterator
from typing import Any

from components.collect.archive.assignments import as_object, as_objects, as_text
from components.collect.bluesky.client import BlueskyClient
from components.collect.posts import is_number, shown, valid_unicode
from components.collect.web.account import Account
from components.collect.web.checkpoint import Checkpoint
from components.collect.web.wishes import keep_to_wishes, wishes_in
from components.contracts.errors import BadInputError
from components.contracts.reports import Consent

MEMBERS_ONLY = "!no-unauthenticated"
"""The label with which an account asks apps to show it to logged-in people alone."""


def find_profile(handle: str, client: BlueskyClient, kept: Checkpoint, consent: Consent) -> Account:
    """Look the account up by its handle, or take what the checkpoint holds of it.

    Raises:
        BadInputError: there is no such account, it is suspended or renamed, or asks to be left
            alone and is another's; or Bluesky cannot be asked.
    """
    answer = kept.load("account")
    if answer is None:
        answer = client.profile(handle)
        kept.save("account", answer)
    did, stated = as_text(answer.get("did")), as_text(answer.get("handle"))
    if stated.lower() != handle.lower():
        raise BadInputError(
            f"@{handle} is now called @{shown(stated)}; give --bluesky with its name of today"
        )
    keep_to_wishes(f"@{handle}", _wishes(answer), consent)
    posts = as_text(answer.get("postsCount"))
    return Account(
        account_id=did,
        handle=stated,
        display_name=valid_unicode(as_text(answer.get("displayName"))) or None,
        picture_url=as_text(answer.get("avatar")) or None,
        posts=int(posts) if is_number(posts) else None,
    )


def _wishes(profile: dict[str, Any]) -> Iterator[str]:
    labels = [as_object(label) for label in as_objects(profile.get("labels"))]
    if any(one.get("val") == MEMBERS_ONLY and not one.get("neg") for one in labels):
        yield "it asks to be shown to logged-in people alone"
    yield from wishes_in(as_text(profile.get("description")))
