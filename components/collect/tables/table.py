"""One author's posts out of a table file."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from components.collect.collected import Collected, Skips
from components.collect.config import CollectConfig, handle_of
from components.collect.posts import make_post
from components.collect.spool import Spool
from components.collect.tables.authors import Authors
from components.collect.tables.encodings import find_encoding
from components.collect.tables.ids import settle_ids, trusted_id
from components.collect.tables.parquet import MAGIC, read_parquet
from components.collect.tables.reader import Reader, choose_reader
from components.collect.tables.rows import Row, Table, open_text, read_rows
from components.collect.tables.unpacking import unpacked
from components.collect.times import parse_time
from components.contracts.errors import BadInputError
from components.contracts.posts import Post

log = logging.getLogger(__name__)

# Where a table says nothing of replies, a post that begins with a mention is one.
_LEADING_MENTION = re.compile(r"@(\w{1,15})\s", re.ASCII)


class Draft(NamedTuple):
    """A row's post, before the author and the ids are settled."""

    post: Post
    account_id: str


def read_table(path: Path, source: str, config: CollectConfig, spool: Spool) -> Collected:
    """Read the posts of one author from the table at `path` into the spool.

    Messages call the table `source`.

    Raises:
        BadInputError: it is no table of posts, has no such author, or is mostly unreadable.
    """
    with open_table(path, source) as (table, encoding):
        collected = posts_of_table(table, source, config, spool)
    found = ", ".join(f"{field}={column}" for field, column in collected.columns.items())
    log.info("%s: read as %s: %s", source, collected.notes["format"], found)
    return replace(collected, encoding=encoding)


def author_of_table(path: Path, source: str, config: CollectConfig) -> str:
    """The author whose posts `read_table` would take, the posts left unread."""
    with open_table(path, source) as (table, _):
        _, reader = choose_reader(table.columns, config.format, config.columns, source)
        authors = Authors(config.author)
        for row in table.rows if reader.has("author") else ():
            if row.cells is not None:
                authors.takes(handle_of(reader.first(row.cells, "author")), "")
        return authors.choose(source)


@contextmanager
def open_table(path: Path, source: str) -> Iterator[tuple[Table, str]]:
    """The table at `path`, unpacked and decoded, and its encoding."""
    with unpacked(path, source) as plain:
        with plain.open("rb") as file:
            head = file.read(8)
        if head.startswith(b"PK\x03\x04"):
            raise BadInputError(f"{source} is a zip, not a table: an X archive goes to --archive")
        if head.startswith(MAGIC):
            yield read_parquet(plain, source), "utf-8"
            return
        encoding = find_encoding(plain)
        with open_text(plain, encoding) as text:
            name = "utf-8" if encoding.name == "utf-8-sig" else encoding.name
            yield read_rows(text, source), name


def posts_of_table(table: Table, source: str, config: CollectConfig, spool: Spool) -> Collected:
    """Put the posts of one author among the rows of `table` into the spool."""
    format_name, reader = choose_reader(table.columns, config.format, config.columns, source)
    skips, authors = Skips(source, "rows"), Authors(config.author)
    count, deleted = _read_all(table.rows, reader, skips, authors, spool)
    skips.refuse_too_many(count)
    if not count:
        raise BadInputError(f"{source} holds no posts: there are no rows to read")
    author = authors.choose(source)
    counts = {
        "skipped": skips.total,
        "deleted": deleted,
        "other_authors": authors.others,
        **settle_ids(spool, author),
    }
    notes: dict[str, str | int] = {"format": format_name, "shape": table.shape}
    notes |= {name: count for name, count in counts.items() if count}
    return Collected(
        author=author,
        account_id=authors.account_id,
        columns=reader.used,
        warnings=(*skips.warnings(), *_warnings(notes)),
        notes=notes,
    )


def _read_all(
    rows: Iterable[Row], reader: Reader, skips: Skips, authors: Authors, spool: Spool
) -> tuple[int, int]:
    """Put the author's posts into the spool; how many posts there are, and deleted ones more."""
    count = deleted = 0
    for row in rows:
        if row.cells is not None and reader.flag(row.cells, "deleted"):
            deleted += 1
            spool.add_gone(trusted_id(reader.first(row.cells, "id")))
        elif isinstance(draft := _read(row, reader), str):
            skips.add(draft, row.where)
        else:
            count += 1
            if authors.takes(draft.post.author, draft.account_id):
                spool.add(draft.post)
    return count, deleted


def _read(row: Row, reader: Reader) -> Draft | str:
    """The row's post, or why there is none."""
    if row.cells is None:
        return "a row that does not fit the header"
    text = reader.first(row.cells, "text")
    if not text:
        return "no text"
    times = (parse_time(stated) for stated in reader.values(row.cells, "created_at"))
    created_at = next(filter(None, times), None)
    if created_at is None:
        return "an unreadable time"
    reply_to = reader.first(row.cells, "reply_to")
    if not reader.has("reply_to") and (answered := _LEADING_MENTION.match(text)):
        reply_to = answered[1]
    post = make_post(
        post_id=trusted_id(reader.first(row.cells, "id")),
        author=handle_of(reader.first(row.cells, "author")),
        created_at=created_at,
        text=text,
        repost=reader.flag(row.cells, "repost"),
        quote=reader.flag(row.cells, "quote"),
        reply_to=reply_to,
        lang=reader.first(row.cells, "lang"),
        source=reader.first(row.cells, "source"),
    )
    return Draft(post, trusted_id(reader.first(row.cells, "account_id")))


def _warnings(notes: Mapping[str, str | int]) -> tuple[str, ...]:
    said = {
        "substitute_ids": "rows without an id, or with a damaged one, that got a substitute: {}",
        "repeated_rows": "rows that repeat another and were left out: {}",
        "deleted": "posts that their author deleted and were left out: {}",
    }
    return tuple(sentence.format(notes[name]) for name, sentence in said.items() if name in notes)
