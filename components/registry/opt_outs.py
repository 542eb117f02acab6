"""People who do not want to be imitated: one list, and one function that every door asks."""

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.errors import BadInputError
from components.contracts.registry import OptOut, OptOutList
from components.contracts.reports import PrepareReport
from components.registry.documents import as_bytes, parse_document
from components.registry.layout import OPT_OUTS
from components.storage import ConflictError, ObjectMissingError, Store, open_store
from components.storage.retry import attempts

log = logging.getLogger(__name__)

Change = Callable[[tuple[OptOut, ...]], tuple[OptOut, ...]]


def refuse_opted_out(
    registry_uri: str,
    *,
    account_ids: Iterable[str] = (),
    handles: Iterable[str] = (),
    cache: Path | None = None,
) -> None:
    """Do nothing unless one of these accounts opted out.

    Handles are compared without '@' and whatever their case. Where there is no list, nobody opted
    out; where the list cannot be read, nobody passes, unless `cache` holds an earlier copy. With
    `cache`, every list that was read is kept there.

    Raises:
        BadInputError: an account opted out (the message names it), or the list cannot be read.
    """
    listed = read_opt_outs(registry_uri, cache=cache)
    ids = {person.account_id for person in listed.people if person.account_id}
    names = {person.handle for person in listed.people if person.handle}
    for account_id in account_ids:
        if account_id.strip() in ids:
            raise BadInputError(_refusal(f"the account {account_id.strip()}"))
    for handle in handles:
        if plain_handle(handle) in names:
            raise BadInputError(_refusal(f"@{plain_handle(handle)}"))


def refuse_opted_out_authors(registry_uri: str, prepared: PrepareReport) -> None:
    """Do nothing unless an author of this train-dataset opted out.

    Raises:
        BadInputError: as `refuse_opted_out` does.
    """
    refuse_opted_out(
        registry_uri,
        account_ids=[report.account_id for report in prepared.collected if report.account_id],
        handles=prepared.persona_authors,
    )


def read_opt_outs(registry_uri: str, *, cache: Path | None = None) -> OptOutList:
    """The list as it stands; from the copy at `cache` where the registry cannot be read.

    Raises:
        BadInputError: the list cannot be read and there is no copy.
    """
    try:
        listed, _ = _read(open_store(registry_uri))
    except BadInputError as error:
        if cache is None or not cache.is_file():
            raise BadInputError(
                f"cannot read who opted out, so nothing goes on: {error}"
            ) from error
        log.warning("the list of opt-outs is an earlier copy: %s", error)
        return OptOutList.read(cache)
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        draft = cache.with_name(f".{cache.name}.draft")
        draft.write_bytes(as_bytes(listed))
        draft.replace(cache)
    return listed


def add_opt_out(
    registry_uri: str, *, account_id: str | None = None, handle: str | None = None
) -> OptOutList:
    """Put a person on the list; one who is there already stays there once.

    Raises:
        BadInputError: neither an account id nor a handle was given.
    """
    person = _person(account_id, handle)

    def add(people: tuple[OptOut, ...]) -> tuple[OptOut, ...]:
        there = any(_matches(person, other) for other in people)
        return people if there else (*people, person)

    return _change(open_store(registry_uri), add)


def remove_opt_out(
    registry_uri: str, *, account_id: str | None = None, handle: str | None = None
) -> OptOutList:
    """Take a person off the list, at their own wish.

    Raises:
        BadInputError: neither an account id nor a handle was given, or nobody is listed so.
    """
    person = _person(account_id, handle)

    def remove(people: tuple[OptOut, ...]) -> tuple[OptOut, ...]:
        kept = tuple(other for other in people if not _matches(person, other))
        if kept == people:
            raise BadInputError(f"{account_id or handle} is not on the list of opt-outs")
        return kept

    return _change(open_store(registry_uri), remove)


def plain_handle(handle: str) -> str:
    """`jane` for `@Jane`."""
    return handle.strip().removeprefix("@").lower()


def _person(account_id: str | None, handle: str | None) -> OptOut:
    account_id = account_id.strip() if account_id else None
    handle = plain_handle(handle) if handle else None
    if not account_id and not handle:
        raise BadInputError("name an account id or a handle")
    return OptOut(account_id=account_id or None, handle=handle or None, added_at=datetime.now(UTC))


def _matches(wanted: OptOut, listed: OptOut) -> bool:
    """Whether `listed` has everything that `wanted` states."""
    return (wanted.account_id in (None, listed.account_id)) and (
        wanted.handle in (None, listed.handle)
    )


def _change(store: Store, change: Change) -> OptOutList:
    for _ in attempts():
        listed, token = _read(store)
        changed = OptOutList(people=change(listed.people))
        if token is not None and changed == listed:
            return listed
        try:
            if token is None:
                store.create(OPT_OUTS, as_bytes(changed))
            else:
                store.swap(OPT_OUTS, as_bytes(changed), token)
        except ConflictError:
            continue
        return changed
    raise ConflictError(f"{OPT_OUTS} in {store.uri} is changed by too many at once; try again")


def _read(store: Store) -> tuple[OptOutList, str | None]:
    try:
        content = store.get(OPT_OUTS)
    except ObjectMissingError:
        return OptOutList(), None
    where = f"{OPT_OUTS} in {store.uri}"
    return parse_document(content.data, OptOutList, where), content.version


def _refusal(who: str) -> str:
    return f"{who} opted out of being imitated: leave these posts out"
