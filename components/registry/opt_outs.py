"""People who do not want to be imitated: the list, and the check against it."""

import functools
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.errors import BadInputError
from components.contracts.people import People
from components.contracts.registry import OptOut, OptOutList
from components.registry.audit import AuditLog, Record
from components.registry.audit.log import digest
from components.registry.documents import as_bytes, parse_document, read_document, read_or_copy
from components.registry.layout import OPT_OUTS, holds_personas
from components.storage import ConflictError, Store, open_store
from components.storage.retry import attempts

log = logging.getLogger(__name__)

Change = Callable[[tuple[OptOut, ...]], tuple[OptOut, ...]]


def refuse_opted_out(listed: OptOutList, people: People) -> None:
    """Do nothing unless one of these people is on the list.

    Handles are compared without '@' and whatever their case.

    Raises:
        BadInputError: somebody opted out; the message names the account or the handle.
    """
    ids = {person.account_id for person in listed.people if person.account_id}
    names = {person.handle for person in listed.people if person.handle}
    for account_id in map(str.strip, people.account_ids):
        if account_id in ids:
            raise BadInputError(_refusal(f"the account {account_id}"))
    for handle in map(plain_handle, people.authors):
        if handle in names:
            raise BadInputError(_refusal(f"@{handle}"))


def read_opt_outs(registry_uri: str, *, cache: Path | None = None) -> OptOutList:
    """The list as it stands; from the copy at `cache` where the registry cannot be read.

    With `cache`, every list that was read is kept there.

    Every registry that this project began has a list. Where there is none, in a registry that
    others made or in a place that is still empty, nobody is on it, and a warning says so. A place
    that is not there, or holds anything else, is no registry: most likely its name is mistyped.

    Raises:
        BadInputError: the list cannot be read and there is no copy.
    """
    store = open_store(registry_uri)

    def read() -> OptOutList:
        found = read_document(store, OPT_OUTS, OptOutList)
        return found if found is not None else _where_no_list_is(store, cache)

    return read_or_copy(read, OptOutList, cache, list_of="opt-outs", who="who opted out")


def begin_list(store: Store) -> None:
    """Write an empty list where there is none: from here on the place is a registry."""
    with suppress(ConflictError):
        store.create(OPT_OUTS, as_bytes(OptOutList()))
        log.info("%s is a registry from now on", store.uri)


def add_opt_out(
    registry_uri: str,
    *,
    account_id: str | None = None,
    handle: str | None = None,
    actor: str | None = None,
) -> OptOutList:
    """Put a person on the list, which is begun if need be; one who is there already stays once.

    `actor` is who does it, for the audit log: by default who the environment says.

    Raises:
        BadInputError: neither an account id nor a handle was given.
    """
    person = _person(account_id, handle)

    def add(people: tuple[OptOut, ...]) -> tuple[OptOut, ...]:
        there = any(_matches(person, other) for other in people)
        return people if there else (*people, person)

    store = open_store(registry_uri)
    begin_list(store)
    return _change(store, add, "opt-out", actor)


def remove_opt_out(
    registry_uri: str,
    *,
    account_id: str | None = None,
    handle: str | None = None,
    actor: str | None = None,
) -> OptOutList:
    """Take a person off the list, at their own wish; `actor` is who does it.

    Raises:
        BadInputError: neither an account id nor a handle was given, or nobody is listed so.
    """
    person = _person(account_id, handle)

    def remove(people: tuple[OptOut, ...]) -> tuple[OptOut, ...]:
        kept = tuple(other for other in people if not _matches(person, other))
        if kept == people:
            raise BadInputError(f"{account_id or handle} is not on the list of opt-outs")
        return kept

    return _change(open_store(registry_uri), remove, "opt-in", actor)


def _where_no_list_is(store: Store, cache: Path | None) -> OptOutList:
    """Nobody, or whom the earlier copy names; a place that is no registry is refused."""
    if store.folders() and not holds_personas(store):
        raise BadInputError(
            f"{store.uri} is not a registry: it holds neither {OPT_OUTS} nor a persona; mend the "
            "address, or begin a registry there with `huggingtweets registry init`"
        )
    _warn_once(store.uri)
    return OptOutList.read(cache) if cache is not None and cache.is_file() else OptOutList()


@functools.cache
def _warn_once(uri: str) -> None:
    log.warning("there is no %s in %s, so nobody is on it; is the address right?", OPT_OUTS, uri)


def plain_handle(handle: str) -> str:
    """`jane` for `@Jane`; `jane.example.social` for `@Jane@example.social`: authors' names."""
    return handle.strip().removeprefix("@").replace("@", ".").lower()


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


def _change(store: Store, change: Change, action: str, actor: str | None) -> OptOutList:
    """Swap the list for a changed one, against any number of others who change it too.

    The audit log names nobody, since nothing is ever removed from it: it says how many are on the
    list now, and the SHA-256 of the list.
    """
    with Record(AuditLog(store, actor), action) as record:
        return _swap(store, change, record)


def _swap(store: Store, change: Change, record: Record) -> OptOutList:
    for _ in attempts():
        content = store.get(OPT_OUTS)
        listed = parse_document(content.data, OptOutList, f"{OPT_OUTS} in {store.uri}")
        changed = OptOutList(people=change(listed.people))
        if changed == listed:
            return listed
        record.begin()
        with suppress(ConflictError):
            store.swap(OPT_OUTS, as_bytes(changed), content.version)
            record.add(people=len(changed.people), sha256=digest(as_bytes(changed)))
            return changed
    raise ConflictError(f"{OPT_OUTS} in {store.uri} is changed by too many at once; try again")


def _refusal(who: str) -> str:
    return f"{who} opted out of being imitated: leave these posts out"
