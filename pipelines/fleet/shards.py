"""How a fleet is dealt out: a shard is what one worker does, one persona after the other."""

from collections.abc import Sequence
from typing import TypeVar

from components.contracts.errors import BadInputError

FEWEST, MOST = 10, 25
"""Kubeflow runs two pods for a shard, and loses track of hundreds of them."""
ITEMS_A_SHARD = 20
"""Where that makes neither too few shards nor too many."""

Thing = TypeVar("Thing")


def shards_for(items: int, asked: int | None = None) -> int:
    """How many shards a fleet of so many personas gets: as asked, else what suits it.

    Raises:
        BadInputError: more were asked for than Kubeflow takes.
    """
    if asked is not None and not 1 <= asked <= MOST:
        raise BadInputError(f"--shards: {asked} is not between 1 and {MOST}")
    suits = min(MOST, max(FEWEST, -(-items // ITEMS_A_SHARD)))
    return max(1, min(items, asked or suits))


def shard_of(things: Sequence[Thing], number: int, shards: int) -> list[Thing]:
    """What the shard of this number, from 1, holds: every `shards`-th thing.

    Raises:
        BadInputError: there is no such shard.
    """
    if not 1 <= number <= shards:
        raise BadInputError(f"--shard: {number} is not between 1 and {shards}")
    return list(things[number - 1 :: shards])
