"""Posts that an author's newest archive no longer holds."""

from collections.abc import Sequence

from components.collect.config import ArchiveSource
from components.collect.opened import OpenFile
from components.collect.posts import is_number
from components.collect.source_file import LocalFiles
from components.collect.spool import Spool
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport
from components.registry.opt_outs import plain_handle


def gone_from_archive(
    archive: str, report: CollectReport, posts: Sequence[Post]
) -> set[str] | None:
    """Those of these posts that are older than the archive's newest and not in it.

    None where the archive is another author's.

    Raises:
        BadInputError: it cannot be read, or may lack posts for another reason.
    """
    config = ArchiveSource(archive=archive, consent=report.consent)
    with LocalFiles() as files, Spool() as spool:
        source = OpenFile(config, files)
        if plain_handle(source.author) != plain_handle(report.author):
            return None
        collected, newest = source.read(spool), spool.facts().newest
        there = {post_id for (post_id,) in spool.query("SELECT id FROM posts")}
    if not collected.complete:
        raise BadInputError(f"{archive} may be incomplete; let X make it anew")
    return {
        post.id
        for post in posts
        if post.id not in there and is_number(post.id) and newest and post.created_at <= newest
    }
