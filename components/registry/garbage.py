"""Deleting what nobody needs.

What a killed publish left goes once it is a day old: until then it may be a live publish at work.
Published versions go only when asked to keep no more than so many, and then only those that are
neither among the newest nor anywhere in the history of `candidate` or `production`: a server may
still hold any of those, and a rollback may go back to any of them. Stale versions are never gone
back to: they go with the old ones.
"""

import time
from collections.abc import Iterable, Iterator

from components.contracts.registry import Claim
from components.registry.aliases import read_alias
from components.registry.bases import needed_bases
from components.registry.documents import DamagedError, read_document
from components.registry.layout import (
    ALIASES,
    LATEST,
    base_folder,
    base_manifest_key,
    claim_key,
    claimed_versions,
    kept_bases,
    manifest_key,
    number_of,
    persona_folders,
    published_versions,
    staging_folder,
    uploads_folder,
    version_folder,
    versions_folder,
)
from components.registry.publishing import settle, upload_is_lost
from components.registry.stale import read_stale
from components.storage import ObjectMissingError, Stat, Store

DAY = 24 * 3600.0


def collect_garbage(store: Store, *, keep: int | None, older_than: float) -> list[str]:
    """Delete the garbage of every persona; return the folders and keys that went.

    Args:
        store: The registry's store.
        keep: How many of the newest versions to keep; None keeps every version.
        older_than: Seconds that what a killed publish left must have lain there.
    """
    before = time.time() - older_than
    removed = store.sweep(before)
    for persona in persona_folders(store):
        _settle_or_withdraw(store, persona)
        removed += _uploads(store, persona, before)
        removed += _remains(store, persona, before)
        if keep is not None:
            removed += _old_versions(store, persona, keep)
    return removed + _unneeded_bases(store, before)


def _settle_or_withdraw(store: Store, persona: str) -> None:
    """Finish what is decided; take back a decision whose files are lost."""
    for version in claimed_versions(store, persona):
        claim = read_document(store, claim_key(persona, version), Claim)
        if claim and upload_is_lost(store, claim.manifest):
            store.delete(claim_key(persona, version))
    settle(store, persona)


def _uploads(store: Store, persona: str, before: float) -> list[str]:
    """The gatherings of publishers that are gone."""
    removed = []
    for name in store.folders(uploads_folder(persona)):
        removed += _delete_old(store, staging_folder(persona, name), before)
    return removed


def _remains(store: Store, persona: str, before: float) -> list[str]:
    """Files in version folders without a manifest; those of a claimed version are at work.

    A version that an alias needs has lost its manifest: what is left of it may help to mend it.
    """
    published = set(published_versions(store, persona))
    newest = max(published, default=0)
    needed = {*published, *claimed_versions(store, persona), *_needed(store, persona)}
    removed = []
    for name in store.folders(versions_folder(persona)):
        number = number_of(name)
        if number in needed:
            continue
        passed = number is not None and number <= newest  # never claimed again
        folder = f"{versions_folder(persona)}{name}/"
        removed += _delete_old(store, folder, float("inf") if passed else before)
    return removed


def _old_versions(store: Store, persona: str, keep: int) -> list[str]:
    published, stale = published_versions(store, persona), read_stale(store).of(persona)
    fine = [version for version in published if version not in stale]
    needed = {*fine[-max(keep, 1) :], *_needed(store, persona)}
    old = [version for version in published if version not in needed]
    return [name for version in old for name in _remove_version(store, persona, version)]


def _remove_version(store: Store, persona: str, version: int) -> list[str]:
    """Delete a version, manifest first, so that no half version is seen.

    An alias may move to it meanwhile; `aliases.move_alias` looks for the manifest after its move,
    and we look at the aliases after the manifest went: one of the two notices.
    """
    key = manifest_key(persona, version)
    manifest = store.get(key).data
    store.delete(key)
    if version in _needed(store, persona):
        store.create(key, manifest)
        return []
    return _delete_old(store, version_folder(persona, version), float("inf"))


def _unneeded_bases(store: Store, before: float) -> list[str]:
    """Base models that no adapter names; a young one may be of an adapter that is on its way.

    As with versions the manifest goes first, and comes back if an adapter has come to name it
    meanwhile: whoever publishes one looks for its base model afterwards. All stay while a manifest
    is damaged, since it may name any.
    """
    removed = []
    there = kept_bases(store)
    needed = _named_bases(store) if there else set()
    for sha256 in there:
        key, folder = base_manifest_key(sha256), base_folder(sha256)
        if sha256 in needed or _newest(store.list(folder)) >= before:
            continue
        manifest = _content(store, key)
        store.delete(key)
        if manifest is not None and sha256 in _named_bases(store):
            store.create(key, manifest)
            continue
        removed += _delete_old(store, folder, float("inf"))
    return removed


def _named_bases(store: Store) -> set[str]:
    try:
        return {sha256 for sha256, _ in needed_bases(store, persona_folders(store))}
    except DamagedError:
        return set(kept_bases(store))


def _content(store: Store, key: str) -> bytes | None:
    try:
        return store.get(key).data
    except ObjectMissingError:
        return None


def _needed(store: Store, persona: str) -> Iterator[int]:
    """What aliases point to, and what `candidate` or `production` may go back to."""
    stale = read_stale(store).of(persona)
    for name in ALIASES:
        alias = read_alias(store, persona, name)
        if alias:
            yield alias.version
            before = {move.version for move in alias.history if name != LATEST}
            yield from before - stale


def _delete_old(store: Store, folder: str, before: float) -> list[str]:
    """Delete what is below `folder` unless any of it was written since `before`."""
    found = list(store.list(folder))
    if not found or _newest(found) >= before:
        return []
    for stat in found:
        store.delete(stat.key)
    return [folder]


def _newest(found: Iterable[Stat]) -> float:
    return max(stat.modified for stat in found)
