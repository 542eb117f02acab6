"""Splitting by time: the newest posts are for the test, those before for validation."""

from collections.abc import Sequence
from typing import TypeVar

from components.contracts.reports import SplitFacts
from components.prepare.posts import CleanPost

HELD_OUT_SHARE = 10
"""One post in so many is for the test, and as many for validation."""
FEWEST_POSTS = 3
"""What an author needs to stand in each split."""

Item = TypeVar("Item")


def split_by_time(posts: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item], Sequence[Item]]:
    """Part one author's posts, oldest first, into train, validation and test.

    A random split would flatter the model: it would be tested on days that it was trained on.
    """
    held_out = max(1, len(posts) // HELD_OUT_SHARE)
    test = len(posts) - held_out
    validation = test - held_out
    return posts[:validation], posts[validation:test], posts[test:]


def split_facts(posts: Sequence[CleanPost]) -> SplitFacts:
    """The facts of one split's posts, oldest first."""
    return SplitFacts(
        posts=len(posts),
        characters=sum(len(post.text) for post in posts),
        oldest=posts[0].created_at if posts else None,
        newest=posts[-1].created_at if posts else None,
    )
