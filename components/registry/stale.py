"""What learned from forgotten posts, and their hashes: the list of both."""

import logging
from collections.abc import Collection, Iterable
from pathlib import Path

from components.contracts.errors import BadInputError
from components.contracts.registry import StaleList, StaleVersion
from components.registry.documents import change_document, read_document, read_or_copy
from components.registry.layout import STALE
from components.storage import Store

log = logging.getLogger(__name__)


def read_stale(store: Store, *, cache: Path | None = None) -> StaleList:
    """The list as it stands; from the copy at `cache` where the registry cannot be read.

    With `cache`, every list that was read is kept there. Where there is none, nothing is stale.

    Raises:
        BadInputError: the list cannot be read and there is no copy.
    """
    return read_or_copy(
        lambda: read_document(store, STALE, StaleList) or StaleList(),
        StaleList,
        cache,
        list_of="stale versions",
        who="which versions are stale",
    )


def refuse_stale(listed: StaleList, persona: str, version: int) -> None:
    """Do nothing unless this version is stale.

    Raises:
        BadInputError: it is.
    """
    if found := listed.find(persona, version):
        raise BadInputError(
            f"version {version} of {persona} is stale: {found.why}; "
            "train and publish anew, from datasets without them"
        )


def mark_stale(
    store: Store,
    versions: Iterable[StaleVersion],
    datasets: Collection[str] = (),
    posts: Collection[str] = (),
) -> StaleList:
    """Put versions, digests of train datasets and hashes of posts' ids on the list.

    What is there stays as it is.
    """

    def marked(listed: StaleList) -> StaleList:
        new = [one for one in versions if not listed.find(one.persona, one.version)]
        return StaleList(
            versions=(*listed.versions, *new),
            datasets=_with(listed.datasets, datasets),
            posts=_with(listed.posts, posts),
        )

    versions = list(versions)
    return change_document(store, STALE, StaleList(), marked)


def _with(listed: tuple[str, ...], more: Collection[str]) -> tuple[str, ...]:
    return (*listed, *sorted(set(more) - set(listed)))
