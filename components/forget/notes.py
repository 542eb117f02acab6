"""What the registry noted of authors beside the versions: reports of refreshes and fleets."""

import re
from collections.abc import Collection, Iterator

from components.contracts.fleet import FleetItem
from components.registry import Registry
from components.registry.fleets import FleetBook
from components.registry.layout import FLEETS
from components.registry.opt_outs import plain_handle
from components.registry.refreshes import delete_refresh, read_refresh, refreshes
from components.storage import ConflictError
from components.storage.retry import attempts

SAID_INSTEAD = "it was about an author who is forgotten since"


def forget_in_notes(registry: Registry, handles: Collection[str]) -> int:
    """Delete reports of refreshes that name these authors, and what fleets say of their failures.

    Args:
        registry: where the notes are.
        handles: plain ones.

    Returns:
        How many documents were deleted or changed.

    Raises:
        StorageError: one cannot be changed; run it again.
    """
    if not handles:
        return 0
    return _forget_refreshes(registry, handles) + _forget_in_fleets(registry, handles)


def _forget_refreshes(registry: Registry, handles: Collection[str]) -> int:
    store, deleted = registry.store, 0
    for persona in registry.personas():
        for number in refreshes(store, persona):
            report = read_refresh(store, persona, number)
            if any(plain_handle(one.author) in handles for one in report.new_posts):
                delete_refresh(store, persona, number)
                deleted += 1
    return deleted


def _forget_in_fleets(registry: Registry, handles: Collection[str]) -> int:
    named = re.compile(rf"@({'|'.join(map(re.escape, handles))})\b", re.IGNORECASE)
    books = (FleetBook(registry.store.uri, name) for name in registry.store.folders(FLEETS))
    return sum(_forget_problem(book, persona, named) for book in books for persona in _failed(book))


def _failed(book: FleetBook) -> Iterator[str]:
    for item in book.items(book.listed()):
        if item and item.problem:
            yield item.persona


def _forget_problem(book: FleetBook, persona: str, named: re.Pattern[str]) -> bool:
    """Whether what is said of the persona's failure named an author, and does so no more."""
    for _ in attempts():
        stands = book.item(persona)
        if stands is None or not named.search(stands.item.problem or ""):
            return False
        item: FleetItem = stands.item.model_copy(update={"problem": SAID_INSTEAD})
        try:
            book.write(item, stands.token)
        except ConflictError:
            continue
        return True
    raise ConflictError(f"{persona} of the fleet {book.fleet} is changed by too many at once")
