"""Versions that learned from what is to be forgotten: found, marked stale, taken out of use."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from components.contracts.errors import BadInputError
from components.contracts.forgetting import AliasLeft, VersionLeft
from components.contracts.registry import Manifest, PostHashes, StaleVersion
from components.forget.wanted import Wanted
from components.registry import CANDIDATE, LATEST, PRODUCTION, Registry
from components.registry.documents import parse_document
from components.registry.post_hashes import POST_HASHES
from components.registry.stale import mark_stale

WHY = {
    "posts": "posts that it learned from are forgotten",
    "dataset": "posts of its dataset are forgotten",
    "author": "an author whom it imitates is forgotten",
}


@dataclass
class Search:
    """What a search through the registry found."""

    versions: list[VersionLeft] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)
    """Theirs."""
    unknown: list[str] = field(default_factory=list)
    """What nobody can tell, a sentence each."""
    unreached: list[str] = field(default_factory=list)
    """What could not be read, a sentence each."""


def find_versions(registry: Registry, wanted: Wanted, datasets: Collection[str]) -> Search:
    """Every version that learned from what is wanted.

    Args:
        registry: where to look.
        wanted: posts, or authors.
        datasets: digests of train datasets that hold such posts.
    """
    search, stale = Search(), registry.stale()
    unsaid: dict[tuple[str, str], list[int]] = defaultdict(list)
    for manifest in _manifests(registry, search):
        try:
            by = _found_by(registry, manifest, wanted, datasets)
        except _Unknown as why:
            unsaid[manifest.persona, str(why)].append(manifest.version)
            continue
        except BadInputError as error:
            search.unreached.append(str(error))
            continue
        if by is not None:
            persona, version = manifest.persona, manifest.version
            already = stale.find(persona, version) is not None
            search.manifests.append(manifest)
            search.versions.append(
                VersionLeft(persona=persona, version=version, by=by, already=already)
            )
    for (persona, reason), versions in unsaid.items():
        numbers = ", ".join(map(str, versions))
        search.unknown.append(
            f"whether {persona} learned from these posts in version {numbers}: {reason}"
        )
    return search


def mark(
    registry: Registry, found: Collection[VersionLeft], datasets: Collection[str], wanted: Wanted
) -> None:
    """Mark these versions, and the digests of train datasets, as stale; the posts as forgotten."""
    now = datetime.now(UTC)
    versions = [
        StaleVersion(persona=one.persona, version=one.version, marked_at=now, why=WHY[one.by])
        for one in found
    ]
    posts = wanted.lasting_hashes()
    if versions or datasets or posts:
        mark_stale(registry.store, versions, datasets, posts)


def withdraw(registry: Registry) -> Iterator[AliasLeft]:
    """Take every alias off the stale versions, production first.

    Raises:
        StorageError: an alias cannot be moved; run it again.
    """
    for persona in sorted({one.persona for one in registry.stale().versions}):
        for alias in (PRODUCTION, CANDIDATE, LATEST):
            if before := registry.withdraw(persona, alias):
                after = registry.alias(persona, alias)
                yield AliasLeft(
                    persona=persona,
                    alias=alias,
                    was=before.version,
                    now=after.version if after else None,
                )


class _Unknown(Exception):  # noqa: N818 - no failure: nobody can tell
    """Nobody can tell whether a version holds posts; the message says why."""


def _manifests(registry: Registry, search: Search) -> Iterator[Manifest]:
    for persona in registry.personas():
        for version in registry.versions(persona):
            try:
                yield registry.manifest(persona, version)
            except BadInputError as error:
                search.unreached.append(str(error))


def _found_by(
    registry: Registry, manifest: Manifest, wanted: Wanted, datasets: Collection[str]
) -> Literal["posts", "dataset", "author"] | None:
    """How the version was found; None where it holds nothing of what is wanted.

    Raises:
        _Unknown: nobody can tell.
        BadInputError: its hashes cannot be read.
    """
    if not wanted.is_of(manifest.lineage.people(manifest.persona)):
        return None
    if wanted.by_author:
        return "author"
    if manifest.lineage.digests.train_dataset in datasets:
        return "dataset"
    return "posts" if _holds(registry, manifest, wanted) else None


def _holds(registry: Registry, manifest: Manifest, wanted: Wanted) -> bool:
    """Whether the version's hashes are of posts that are wanted."""
    if POST_HASHES not in {entry.path for entry in manifest.files}:
        raise _Unknown("it was published without hashes of its posts' ids")
    where = f"{POST_HASHES} of {manifest.persona}@{manifest.version}"
    data = registry.file(manifest.persona, manifest.version, POST_HASHES)
    said = parse_document(data, PostHashes, where)
    for key in wanted.keys:
        if key.id == said.key_id:
            found = {
                post for digest, post in wanted.hashed(key).items() if digest in set(said.posts)
            }
            wanted.seen |= {wanted.name_of(post) for post in found}
            return bool(found)
    raise _Unknown(f"its hashes are under the key {said.key_id}, which is not given")
