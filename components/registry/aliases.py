"""Names that move: each move is appended to the alias's history, none is lost."""

import hashlib
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from components.contracts.errors import BadInputError
from components.contracts.registry import Alias, AliasMove
from components.registry.documents import as_bytes, parse_document
from components.registry.layout import alias_key, manifest_key
from components.storage import ConflictError, ObjectMissingError, Store
from components.storage.retry import attempts

REMOVAL_SECONDS = 3.0
UNSET = Alias(version=0, manifest_sha256="", history=())
"""What stands where the first move of an alias was undone, or where nothing is left to point to."""

Choose = Callable[[Sequence[AliasMove]], int | None]
"""Given the history so far, the version to move to; None to leave the alias where it is."""
Announce = Callable[[int], None]
"""Is told, right before it is written, which version comes; an error keeps it from coming."""


def announce_nothing(version: int) -> None:
    """Tell nobody."""


def move_alias(
    store: Store,
    persona: str,
    alias: str,
    choose: Choose,
    *,
    rollback: bool = False,
    move_id: str = "",
    announce: Announce = announce_nothing,
) -> Alias | None:
    """Append the move that `choose` asks for, against any number of others who move it too.

    The move is called `move_id`, which no other may be, or gets a random name. Returns the alias as
    it stands after the move; None if it stays unset.

    Raises:
        BadInputError: the version chosen does not exist, or there is no such alias.
    """
    key, move_id = alias_key(persona, alias), move_id or uuid.uuid4().hex
    for _ in attempts():
        current, token = _read(store, key)
        history = current.history if current else ()
        if any(move.id == move_id for move in history):  # an answer got lost on the way to us
            return current
        version = choose(history)
        if version is None:
            return current
        moved = _append(store, persona, history, version, move_id, rollback=rollback)
        announce(version)
        try:
            if token is None:
                store.create(key, as_bytes(moved))
            else:
                store.swap(key, as_bytes(moved), token)
        except ConflictError:
            continue
        _stay_only_if_there(store, key, persona, moved)
        return moved
    raise ConflictError(f"{key} in {store.uri} is moved by too many at once; try again")


def previous_version(
    history: Sequence[AliasMove], stale: Collection[int] = frozenset()
) -> int | None:
    """Where the alias stood before the last move that has not been rolled back; None if nowhere.

    Stale versions are passed over.
    """
    stood: list[int] = []
    for move in history:
        if move.rollback and len(stood) > 1:
            stood.pop()
        else:
            stood.append(move.version)
    if not stale:
        return stood[-2] if len(stood) > 1 else None
    fine = (version for version in reversed(stood[:-1]) if version not in {*stale, stood[-1]})
    return next(fine, None)


def undo_move(
    store: Store,
    persona: str,
    key: str,
    moved: Alias,
    *,
    move_id: str = "",
    announce: Announce = announce_nothing,
) -> bool:
    """Undo this move, unless somebody has moved the alias on since; whether it was undone.

    `moved` is the alias as it stood after the move, `key` its document; `move_id` and `announce`
    are those of `move_alias`, with 0 for an alias that will point nowhere.
    """
    version, move_id = previous_version(moved.history), move_id or uuid.uuid4().hex
    for _ in attempts():
        current, token = _read(store, key)
        if current != moved or token is None:
            return False
        back = UNSET
        if version is not None:
            back = _append(store, persona, moved.history, version, move_id, rollback=True)
        announce(back.version)
        with suppress(ConflictError):
            store.swap(key, as_bytes(back), token)
            return True
    raise ConflictError(f"{key} in {store.uri} is moved by too many at once; try again")


def unset_alias(
    store: Store,
    persona: str,
    alias: str,
    versions: Collection[int],
    announce: Announce = announce_nothing,
) -> bool:
    """Have the alias point nowhere if it points to one of these versions; whether it did.

    Its history stays. `announce` is told 0.
    """
    key = alias_key(persona, alias)
    for _ in attempts():
        current, token = _read(store, key)
        if current is None or token is None or current.version not in versions:
            return False
        announce(UNSET.version)
        with suppress(ConflictError):
            store.swap(key, as_bytes(UNSET.model_copy(update={"history": current.history})), token)
            return True
    raise ConflictError(f"{key} in {store.uri} is moved by too many at once; try again")


def read_alias(store: Store, persona: str, alias: str) -> Alias | None:
    """Where an alias points and has pointed; None while it is unset.

    Raises:
        DamagedError: its document is not one.
        BadInputError: there is no such alias.
    """
    found, _ = _read(store, alias_key(persona, alias))
    return found if found and found.version else None


def _stay_only_if_there(store: Store, key: str, persona: str, moved: Alias) -> None:
    """Go back if the version was removed as old while the alias moved to it.

    Whoever removes a version takes its manifest away, looks at the aliases once more, and puts the
    manifest back if one has come to point there: hence the patience.
    """
    for _ in attempts(REMOVAL_SECONDS):
        with suppress(ObjectMissingError):
            store.stat(manifest_key(persona, moved.version))
            return
    undo_move(store, persona, key, moved)
    raise BadInputError(
        f"version {moved.version} of {persona} was removed by `registry gc` at this very moment"
    )


def _read(store: Store, key: str) -> tuple[Alias | None, str | None]:
    try:
        content = store.get(key)
    except ObjectMissingError:
        return None, None
    return parse_document(content.data, Alias, f"{key} in {store.uri}"), content.version


def _append(
    store: Store,
    persona: str,
    history: Sequence[AliasMove],
    version: int,
    move_id: str,
    *,
    rollback: bool,
) -> Alias:
    try:
        manifest = store.get(manifest_key(persona, version)).data
    except ObjectMissingError as error:
        raise BadInputError(
            f"{persona} has no version {version} in {store.uri}; see `huggingtweets registry show`"
        ) from error
    move = AliasMove(
        version=version,
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        moved_at=datetime.now(UTC),
        rollback=rollback,
        id=move_id,
    )
    return Alias(version=version, manifest_sha256=move.manifest_sha256, history=(*history, move))
