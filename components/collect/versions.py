"""The versions of a post on X, which lists each edit: the last one counts."""

from datetime import datetime
from typing import NamedTuple

from components.collect.posts import is_number
from components.collect.spool import Spool
from components.collect.times import parse_time
from components.contracts.posts import Post


class PostVersion(NamedTuple):
    """One version of a post."""

    post: Post
    first_id: str
    """The id of the post's first version: the same for all of its edits."""
    earlier_ids: tuple[str, ...] = ()
    """The ids of versions before this one, where the source lists them."""


def time_of_post(post_id: str, text: str, stated: str) -> datetime | str:
    """When X says that the post was written, or what it lacks to be one."""
    if not is_number(post_id):
        return "no id"
    if not text.strip():
        return "no text"
    return parse_time(stated) or "an unreadable time"


def keep_last_versions(spool: Spool) -> int:
    """Keep the last version of each post; gives how many earlier ones or repetitions went."""
    spool.run(
        "CREATE TEMP TABLE earlier AS SELECT place, id FROM (SELECT place, id, ROW_NUMBER() OVER"
        " (PARTITION BY first ORDER BY number DESC, place DESC) AS age FROM posts) WHERE age > 1"
    )
    count = spool.run("DELETE FROM posts WHERE place IN (SELECT place FROM earlier)")
    spool.run("INSERT INTO gone SELECT id FROM earlier EXCEPT SELECT id FROM posts")
    return count
