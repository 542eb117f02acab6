"""The owner's posts out of their X archive."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from components.collect.archive.account import read_account, read_picture
from components.collect.archive.files import ArchiveFiles, Listed
from components.collect.archive.manifest import Manifest, disagreements, read_manifest
from components.collect.archive.members import find_members
from components.collect.archive.notes import join_notes, read_note
from components.collect.archive.safe_zip import SafeZip
from components.collect.archive.tweets import last_versions, read_version
from components.collect.collected import Collected, Skips
from components.collect.config import CollectConfig
from components.collect.damage import damage_warning, is_damaged
from components.collect.tables.rows import read_csv
from components.collect.tables.table import posts_of_table
from components.contracts.errors import BadInputError

CIRCLES = (datetime(2022, 8, 1, tzinfo=UTC), datetime(2023, 12, 1, tzinfo=UTC))
"""From when until before when a post may have been for the author's Circle alone."""
Item = TypeVar("Item")


@contextmanager
def open_archive(path: Path, source: str) -> Iterator[ArchiveFiles]:
    """Open the zip at `path`, which holds posts; messages call it `source`.

    Raises:
        BadInputError: it is no whole, sane zip, or holds no file of posts.
    """
    with SafeZip(path, source) as archive:
        files = ArchiveFiles(archive, find_members(archive.names), source)
        if not files.members.posts and not files.members.posts_csv:
            raise BadInputError(
                f"{source} is no X archive, or the wrong part of one: "
                "it holds neither data/tweets.js nor tweets.csv"
            )
        yield files


def author_of_archive(path: Path, source: str, config: CollectConfig) -> str:
    """The handle of the archive's owner, its posts left unread."""
    with open_archive(path, source) as files:
        return read_account(files, read_manifest(files), config.author).handle


def read_archive(path: Path, source: str, config: CollectConfig) -> Collected:
    """Read the posts, the owner and their picture from the archive at `path`.

    Raises:
        BadInputError: it is no whole, sane X archive, holds no posts, or is another author's than
            the one that was asked for.
    """
    with open_archive(path, source) as files:
        manifest = read_manifest(files)
        account = read_account(files, manifest, config.author)
        if files.members.posts:
            collected = _from_entries(files, manifest, account.handle)
        else:
            collected = _from_csv(files, config, account.handle)
        picture, warnings = read_picture(files)
    collected = replace(
        collected,
        account_id=account.account_id or None,
        display_name=account.display_name or None,
        picture=picture,
        warnings=(*collected.warnings, *warnings),
    )
    collected = _mind_circles(collected, exclude=config.exclude_circle_window)
    if not collected.posts:
        raise BadInputError(f"{source} holds no posts of @{collected.author} to collect")
    return collected


def _from_entries(files: ArchiveFiles, manifest: Manifest, author: str) -> Collected:
    """The posts of `tweets.js` and its parts, the long ones whole, each in its last version."""
    skips, note_skips = Skips(files.source, "posts"), Skips(files.source, "long posts")
    versions, counts = _read_all(files, "posts", lambda entry: read_version(entry, author), skips)
    skips.refuse_too_many(len(versions))
    posts, earlier = last_versions(versions)
    long, note_counts = _read_all(files, "notes", read_note, note_skips)
    posts, joined = join_notes(posts, long)
    damaged = sum(is_damaged(post.text) for post in posts)
    facts = {
        "skipped": skips.total,
        "earlier_versions": earlier,
        "joined_notes": joined,
        "unmatched_notes": len(long) - joined,
    }
    warnings = [*skips.warnings(), *note_skips.warnings(), *damage_warning(damaged, len(posts))]
    warnings += disagreements(manifest, counts | note_counts)
    if manifest.partial:
        warnings.append("this zip is one part of an archive in several; other parts may hold posts")
    notes: dict[str, str | int] = {"format": "x-archive"}
    notes |= {name: count for name, count in facts.items() if count}
    return Collected(
        author=author, posts=posts, warnings=tuple(warnings), notes=notes, damaged=damaged
    )


def _read_all(
    files: ArchiveFiles,
    kind: Listed,
    read_one: Callable[[dict[str, Any]], Item | str],
    skips: Skips,
) -> tuple[list[Item], dict[str, int]]:
    """What `read_one` makes of each entry of this kind, and how many entries each member holds."""
    items: list[Item] = []
    counts = {}
    for member, entries in files.entries(kind):
        counts[member] = len(entries)
        for number, entry in enumerate(entries, 1):
            item = read_one(entry)
            if isinstance(item, str):
                skips.add(item, f"{member}, entry {number}")
            else:
                items.append(item)
    return items, counts


def _from_csv(files: ArchiveFiles, config: CollectConfig, author: str) -> Collected:
    """The posts of an archive from before 2019, by its `tweets.csv`."""
    member = files.members.posts_csv[0]
    text = files.zip.read(member).decode("utf-8-sig", "replace")
    table = read_csv(io.StringIO(text, newline=""), files.where(member))
    as_stated = config.model_copy(update={"author": author, "format": "x-csv"})
    return posts_of_table(table, files.where(member), as_stated)


def _mind_circles(collected: Collected, *, exclude: bool) -> Collected:
    """Leave out the posts of the time of Circles, or warn that some may have been private."""
    start, end = CIRCLES
    outside = [post for post in collected.posts if not start <= post.created_at < end]
    inside = len(collected.posts) - len(outside)
    if not inside:
        return collected
    if exclude:
        notes = collected.notes | {"circle_window_excluded": inside}
        return replace(collected, posts=outside, notes=notes)
    warning = (
        f"posts from August 2022 to November 2023, when X had Circles: {inside:,}; some may have "
        "been private, and none is marked; --exclude-circle-window leaves them out"
    )
    notes = collected.notes | {"circle_window": inside}
    return replace(collected, warnings=(*collected.warnings, warning), notes=notes)
