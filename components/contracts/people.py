"""Whose posts a dataset holds, or whom a model imitates."""

from typing import NamedTuple


class People(NamedTuple):
    """Whom the list of opt-outs is asked about."""

    authors: tuple[str, ...] = ()
    """Their handles, with the @ or without."""
    account_ids: tuple[str, ...] = ()
    """Their accounts, as far as these are known."""
