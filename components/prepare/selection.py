"""From one author's raw posts to those that stay, with an account of the others."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import PostCounts
from components.prepare.classic import begins_as_retweet, clean_classic
from components.prepare.cleaning import clean_default
from components.prepare.config import PrepareConfig
from components.prepare.counts import post_counts
from components.prepare.duplicates import without_near_duplicates
from components.prepare.posts import Cleaned, CleanPost, Drop
from components.prepare.raw_datasets import AuthorPosts
from components.prepare.templates import template_places
from components.runtime.progress import Advance

Clean = Callable[[Post], Cleaned | Drop]
_POSTS_A_STEP = 200
_ONE_DAY = timedelta(days=1)
"""Two sources may state a post's time to the minute, and in their own zones."""


@dataclass
class Selection:
    """One author's posts, oldest first, and why the others were left out."""

    author: str
    posts: list[CleanPost]
    dropped: Counter[Drop] = field(default_factory=Counter)

    def keep(self, places: Iterable[int], reason: Drop) -> None:
        """Keep the posts at these places, in order; count the others under `reason`."""
        kept = [self.posts[place] for place in places]
        self.dropped[reason] += len(self.posts) - len(kept)
        self.posts = kept

    def keep_newest(self, count: int) -> None:
        """Keep so many of the newest posts: each author's equal share."""
        first = max(0, len(self.posts) - count)
        self.keep(range(first, len(self.posts)), Drop.BALANCE)

    def counts(self) -> PostCounts:
        """Where every post that was read went."""
        return post_counts(self.dropped, len(self.posts))


def select(source: AuthorPosts, config: PrepareConfig, advance: Advance) -> Selection:
    """Clean one author's posts; the default preset then drops templates and near-duplicates.

    Raises:
        BadInputError: a raw dataset is damaged.
    """
    selection = _clean(source, _cleaner(source, config), advance)
    if config.preset == "default":
        templates = template_places(selection.posts)
        selection.keep(
            (place for place in range(len(selection.posts)) if place not in templates),
            Drop.TEMPLATE,
        )
        texts = [post.text for post in selection.posts]
        selection.keep(without_near_duplicates(texts), Drop.DUPLICATE)
    return selection


def _cleaner(source: AuthorPosts, config: PrepareConfig) -> Clean:
    if config.preset == "classic":
        return clean_classic
    return partial(
        clean_default,
        replies_are_marked=source.replies_are_marked,
        keep_newlines=config.keep_newlines,
    )


def _clean(source: AuthorPosts, clean: Clean, advance: Advance) -> Selection:
    selection = Selection(source.author, [])
    known: dict[str, datetime] = {}
    for number, post in enumerate(source.posts(), 1):
        if number % _POSTS_A_STEP == 0:
            advance(_POSTS_A_STEP, f"@{source.author}")
        outcome = Drop.SAME_ID if _is_known(post, known) else _outcome(post, clean)
        known.setdefault(post.id, post.created_at)
        if isinstance(outcome, Drop):
            selection.dropped[outcome] += 1
        else:
            selection.posts.append(_kept(post, outcome, source.author))
    selection.posts.sort(key=lambda post: post.age_key)
    return selection


def _outcome(post: Post, clean: Clean) -> Cleaned | Drop:
    """What becomes of a post; where the source says repost, whatever its text, it is no own one."""
    if post.kind == "repost" and not begins_as_retweet(post.text):
        return Drop.REPOST
    return clean(post)


def _is_known(post: Post, known: dict[str, datetime]) -> bool:
    """Whether the post's id is among those read before, with the times of their posts.

    Raises:
        BadInputError: it was that of another post.
    """
    before = known.get(post.id)
    if before and abs(before - post.created_at) > _ONE_DAY:
        raise BadInputError(
            f"two posts of @{post.author} have the id {post.id}, one of {before:%Y-%m-%d} and one "
            f"of {post.created_at:%Y-%m-%d}, so the ids of a table may just count its rows: name "
            "its column of real ids with --columns id=COLUMN, or leave the table out"
        )
    return before is not None


def _kept(post: Post, cleaned: Cleaned, author: str) -> CleanPost:
    return CleanPost(
        id=post.id,
        author=author,
        created_at=post.created_at,
        text=cleaned.text,
        source=post.source and sys.intern(post.source),  # thousands of posts, a few apps
        emails=cleaned.emails,
        phones=cleaned.phones,
        trimmed=cleaned.trimmed,
    )
