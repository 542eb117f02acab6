"""The owner's posts out of their X archive."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeVar

from components.collect.archive.account import other_name, read_account, read_picture
from components.collect.archive.files import ArchiveFiles, Listed, open_archive
from components.collect.archive.manifest import (
    ArchiveManifest,
    disagreements,
    read_archive_manifest,
)
from components.collect.archive.notes import add_note, join_notes, read_note
from components.collect.archive.tweets import read_tweet
from components.collect.collected import Collected, Skips
from components.collect.config import ArchiveSource, TableSource
from components.collect.posts import shown
from components.collect.spool import Spool, micros
from components.collect.tables.csv_rows import read_csv
from components.collect.tables.table import plan_rows, posts_of_table
from components.collect.versions import keep_last_versions
from components.contracts.errors import BadInputError

CIRCLES = (datetime(2022, 8, 1, tzinfo=UTC), datetime(2023, 12, 1, tzinfo=UTC))
"""From when until before when a post may have been for the author's Circle alone."""
Item = TypeVar("Item")


def author_of_archive(path: Path, source: str, config: ArchiveSource) -> str:
    """The handle of the archive's owner, its posts left unread."""
    with open_archive(path, source) as files:
        return read_account(files, read_archive_manifest(files), config.author).handle


def read_archive(path: Path, source: str, config: ArchiveSource, spool: Spool) -> Collected:
    """Read the posts of the archive at `path` into the spool, and its owner and their picture.

    Raises:
        BadInputError: it is no whole X archive, holds no posts, or is another author's than
            the one that was asked for.
    """
    with open_archive(path, source) as files:
        manifest = read_archive_manifest(files)
        account = read_account(files, manifest, config.author)
        if files.members.posts:
            collected = _from_entries(files, manifest, account.handle, spool)
        else:
            collected = _from_csv(files, config, account.handle, spool)
        picture, warnings = read_picture(files)
    if not spool.facts().posts:
        raise BadInputError(f"{source} holds no posts of @{shown(collected.author)} to collect")
    return replace(
        collected,
        account_id=account.account_id or None,
        display_name=account.display_name or None,
        picture=picture,
        warnings=(*other_name(manifest, account), *collected.warnings, *warnings),
    )


def _from_entries(
    files: ArchiveFiles, manifest: ArchiveManifest, author: str, spool: Spool
) -> Collected:
    """The posts of `tweets.js` and its parts, the long ones whole, each in its last version."""
    skips, note_skips = Skips(files.source, "posts"), Skips(files.source, "long posts")
    counts = _read_all(
        files,
        "posts",
        lambda entry: read_tweet(entry, author),
        lambda version: spool.add(version.post, version.first_id),
        skips,
    )
    skips.refuse_too_many(spool.facts().posts)
    earlier = keep_last_versions(spool)
    counts |= _read_all(files, "notes", read_note, partial(add_note, spool), note_skips)
    joined, unmatched = join_notes(spool)
    facts = {
        "skipped": skips.total,
        "earlier_versions": earlier,
        "joined_notes": joined,
        "unmatched_notes": unmatched,
    }
    warnings = [*skips.warnings(), *note_skips.warnings(), *disagreements(manifest, counts)]
    if manifest.partial:
        warnings.append("this is one part of an archive in several; other parts may hold posts")
    notes: dict[str, str | int] = {"format": "x-archive"}
    notes |= {name: count for name, count in facts.items() if count}
    return Collected(
        author=author,
        warnings=tuple(warnings),
        notes=notes,
        complete=not manifest.partial and manifest.agrees(counts) and not skips.total,
        encoding="utf-8",
    )


def _read_all(
    files: ArchiveFiles,
    kind: Listed,
    read_one: Callable[[dict[str, Any]], Item | str],
    keep: Callable[[Item], None],
    skips: Skips,
) -> dict[str, int]:
    """Keep what `read_one` makes of each entry of this kind; gives the entries of each member."""
    counts = {}
    for member, entries in files.entries(kind):
        number = 0
        for number, entry in enumerate(entries, 1):
            item = read_one(entry)
            if isinstance(item, str):
                skips.add(item, f"{member}, entry {number}")
            else:
                keep(item)
        counts[member] = number
    return counts


def _from_csv(files: ArchiveFiles, config: ArchiveSource, author: str, spool: Spool) -> Collected:
    """The posts of an archive from before 2019, by its `tweets.csv`."""
    member = files.members.posts_csv[0]
    where = files.where(member)
    as_stated = TableSource(table=where, author=author, format="x-csv", consent=config.consent)
    table = read_csv(partial(_open_csv, files, member), where)
    collected = posts_of_table(table, where, plan_rows(table, where, as_stated), spool)
    return replace(collected, complete="skipped" not in collected.notes, encoding="utf-8")


@contextmanager
def _open_csv(files: ArchiveFiles, member: str) -> Iterator[TextIO]:
    with files.open(member) as file:
        yield io.TextIOWrapper(io.BufferedReader(file), "utf-8-sig", "replace", newline="")


def mind_circles(spool: Spool, *, exclude: bool) -> tuple[dict[str, int], list[str]]:
    """Leave out the posts of the time of Circles, or warn that some may have been private.

    Returns:
        A note and a warning, if there are such posts.
    """
    bounds = tuple(map(micros, CIRCLES))
    if exclude:
        left_out = spool.run("DELETE FROM posts WHERE at >= ? AND at < ?", bounds)
        return {"circle_window_excluded": left_out} if left_out else {}, []
    (inside,) = spool.one("SELECT COUNT(*) FROM posts WHERE at >= ? AND at < ?", bounds)
    if not inside:
        return {}, []
    return {"circle_window": inside}, [
        f"posts from August 2022 to November 2023, when X had Circles: {inside:,}; some may have "
        "been private, and none is marked; --exclude-circle-window leaves them out"
    ]
