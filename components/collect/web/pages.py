"""An account's posts, one checkpointed page after the other."""

from collections.abc import Callable, Iterator
from typing import Any

from components.collect.web.checkpoint import Checkpoint
from components.contracts.errors import BadInputError

MOST_PAGES = 10_000
"""More than anybody's posts have."""
Page = dict[str, Any]


def read_pages(
    about: str, ask: Callable[[str], Page], next_of: Callable[[Page], str], kept: Checkpoint
) -> Iterator[Page]:
    """The pages of posts of an account that messages call `about`, the newest first.

    Args:
        about: the account.
        ask: gives the page at a cursor, the first at an empty one.
        next_of: the cursor of the page that follows; empty after the last.
        kept: holds the pages that were asked for before, and all others from now on.

    Raises:
        BadInputError: `ask` raises, or the pages lead in circles.
    """
    cursor, seen = "", {""}
    for number in range(1, MOST_PAGES + 1):
        name = f"page-{number:04}"
        page = kept.load(name)
        if page is None:
            page = ask(cursor)
            kept.save(name, page)
        yield page
        cursor = next_of(page)
        if not cursor:
            return
        if cursor in seen:
            break
        seen.add(cursor)
    raise BadInputError(
        f"{about}: the pages of posts do not come to an end; the address may be of something else"
    )
