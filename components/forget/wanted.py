"""What is to be forgotten, and how it is recognised."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from components.contracts.people import People
from components.contracts.registry import Manifest
from components.registry.opt_outs import plain_handle
from components.registry.post_hashes import PostKey


@dataclass
class Wanted:
    """Posts by their ids, or authors whole; with both, posts where they are these authors'."""

    posts: frozenset[str]
    by_author: bool
    """Whether everything of the authors is to be forgotten; else the posts alone."""
    authors: frozenset[str]
    """Plain handles."""
    account_ids: frozenset[str]
    keys: tuple[PostKey, ...] = ()
    """The operator's, the newest first."""
    seen: set[str] = field(default_factory=set)
    """Those of all these that were found somewhere, under `name_of`."""

    def is_of(self, people: People) -> bool:
        """Whether one of these people is among the authors; anybody where none is named."""
        if not (self.authors or self.account_ids):
            return True
        handles = self.authors & set(map(plain_handle, people.authors))
        accounts = self.account_ids & set(people.account_ids)
        if self.by_author:
            self.seen |= handles | accounts
        return bool(handles or accounts)

    def handles(self, manifests: Iterable[Manifest]) -> frozenset[str]:
        """The plain handles of the authors of whom everything goes, of accounts by these versions.

        Nobody's where single posts are to be forgotten.
        """
        if not self.by_author:
            return frozenset()
        collected = (item for one in manifests for item in one.lineage.collect.items())
        found = {
            plain_handle(author.partition("/")[0])
            for author, report in collected
            if report.account_id in self.account_ids
        }
        return self.authors | found

    def takes(self, post_id: str) -> bool:
        """Whether this post, of somebody whom `is_of` knows, is to be forgotten."""
        if self.by_author:
            return True
        if post_id in self.posts:
            self.seen.add(self.name_of(post_id))
            return True
        return False

    def hashed(self, key: PostKey) -> dict[str, str]:
        """The posts' ids by their hashes under this key."""
        return {key.hash(post_id): post_id for post_id in self.posts}

    def lasting_hashes(self) -> list[str]:
        """The hashes under the newest key, by which collect leaves these posts out from now on."""
        return list(self.hashed(self.keys[0])) if self.keys else []

    def name_of(self, post_id: str) -> str:
        """What the receipt calls a post: its hash, or its place in the order of ids."""
        if self.keys:
            return self.keys[0].hash(post_id)
        return f"post {sorted(self.posts).index(post_id) + 1}"

    def names(self) -> tuple[str, ...]:
        """What the receipt calls the posts."""
        return tuple(sorted(map(self.name_of, self.posts)))

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to forget, as where no post is gone."""
        return not (self.by_author or self.posts)

    def nowhere(self) -> tuple[str, ...]:
        """What of all this was found nowhere."""
        asked: Iterable[str] = self.names()
        if self.by_author:
            asked = sorted(self.authors | self.account_ids)
        return tuple(name for name in asked if name not in self.seen)
