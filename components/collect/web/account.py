"""Whose posts a server is asked for, and what the account's profile asks of programs."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from components.contracts.errors import BadInputError
from components.contracts.reports import Consent

Permit = Callable[[str, str], None]
"""Raises where an account (its handle, its id) may not be collected."""
AGREED: tuple[Consent, ...] = ("own-archive", "written-consent")
"""The author's own word, which says more than a profile."""
_NO_MACHINES = re.compile(r"(?<!\w)#(?:no_?bots?|no_?ai|no_?index)(?!\w)", re.IGNORECASE)


class Account(NamedTuple):
    """An account as its server states it."""

    account_id: str
    handle: str
    """In the account's own spelling."""
    display_name: str | None
    picture_url: str | None
    posts: int | None
    """How many posts it has, where that is known."""


def wishes_in(bio: str) -> list[str]:
    """What the text of a profile says to programs: its tags such as #nobot and #noAI."""
    return [f"its profile says {tag}" for tag in dict.fromkeys(_NO_MACHINES.findall(bio))]


def keep_to_wishes(about: str, wishes: Iterable[str], consent: Consent) -> None:
    """Go on if the account asks for nothing, or if its owner collects or agreed.

    Raises:
        BadInputError: an account that messages call `about` asks to be left alone.
    """
    said = ", and ".join(wishes)
    if said and consent not in AGREED:
        raise BadInputError(
            f"{about} is left alone: {said}; it takes its owner's --consent {' or '.join(AGREED)}"
        )
