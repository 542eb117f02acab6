"""Posts that were edited: X lists every version, and the last one counts."""

from typing import NamedTuple

from components.collect.spool import Spool
from components.contracts.posts import Post


class PostVersion(NamedTuple):
    """One version of a post."""

    post: Post
    first_id: str
    """The id of the post's first version: the same for all of its edits."""
    earlier_ids: tuple[str, ...] = ()
    """The ids of versions before this one, where the source lists them."""


def keep_last_versions(spool: Spool) -> int:
    """Keep the last version of each post; gives how many earlier ones or repetitions went."""
    spool.run(
        "CREATE TEMP TABLE earlier AS SELECT place, id FROM (SELECT place, id, ROW_NUMBER() OVER"
        " (PARTITION BY first ORDER BY number DESC, place DESC) AS age FROM posts) WHERE age > 1"
    )
    count = spool.run("DELETE FROM posts WHERE place IN (SELECT place FROM earlier)")
    spool.run("INSERT INTO gone SELECT id FROM earlier EXCEPT SELECT id FROM posts")
    return count
