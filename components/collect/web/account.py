"""Whose posts a server is asked for."""

from collections.abc import Callable
from typing import NamedTuple

Permit = Callable[[str, str], None]
"""Raises where an account (its handle, its id) may not be collected."""


class Account(NamedTuple):
    """An account as its server states it."""

    account_id: str
    handle: str
    """In the account's own spelling."""
    display_name: str | None
    picture_url: str | None
    posts: int | None
    """How many posts it has, where that is known."""
