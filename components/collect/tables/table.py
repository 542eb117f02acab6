"""One author's posts out of a table file."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from components.collect.collected import Collected, Skips
from components.collect.config import CollectConfig, handle_of
from components.collect.damage import damage_warning, is_damaged
from components.collect.posts import make_post
from components.collect.tables.encodings import find_encoding
from components.collect.tables.ids import settle_ids, trusted_id
from components.collect.tables.reader import Reader, choose_reader
from components.collect.tables.rows import Row, Table, open_table, read_rows
from components.collect.times import parse_time
from components.contracts.errors import BadInputError
from components.contracts.posts import Post

log = logging.getLogger(__name__)

_NOT_TABLES = ((b"PK\x03\x04", "a zip"), (b"PAR1", "a Parquet file"), (b"\x1f\x8b", "a gzip file"))
# Where a table says nothing of replies, a post that begins with a mention is one.
_LEADING_MENTION = re.compile(r"@(\w{1,15})\s", re.ASCII)


class Draft(NamedTuple):
    """A row's post, before the author and the ids are settled."""

    post: Post
    account_id: str


def read_table(path: Path, source: str, config: CollectConfig) -> Collected:
    """Read the posts of one author from the table at `path`; messages call it `source`.

    Raises:
        BadInputError: it is no table of posts, has no such author, or is mostly unreadable.
    """
    _refuse_other_formats(path, source)
    encoding = find_encoding(path)
    with open_table(path, encoding) as file:
        collected = posts_of_table(read_rows(file, source), source, config)
    name = "utf-8" if encoding.name == "utf-8-sig" else encoding.name
    log.info("%s: read as %s in %s", source, collected.notes["format"], name)
    return replace(collected, encoding=name)


def posts_of_table(table: Table, source: str, config: CollectConfig) -> Collected:
    """The posts of one author among the rows of `table`."""
    format_name, reader = choose_reader(table.columns, config.format, config.columns, source)
    skips = Skips(source, "rows")
    drafts, deleted = _read_all(table.rows, reader, skips)
    skips.refuse_too_many(len(drafts))
    if not drafts:
        raise BadInputError(f"{source} holds no posts: there are no rows to read")
    author = choose_author([draft.post.author for draft in drafts], config.author, source)
    own = [draft for draft in drafts if draft.post.author.lower() in ("", author.lower())]
    named = [draft.post.model_copy(update={"author": author}) for draft in own]
    posts, id_counts = settle_ids(named)
    damaged = sum(is_damaged(post.text) for post in posts)
    counts = {
        "skipped": skips.total,
        "deleted": deleted,
        "other_authors": len(drafts) - len(own),
        **id_counts,
    }
    notes: dict[str, str | int] = {"format": format_name, "shape": table.shape}
    notes |= {name: count for name, count in counts.items() if count}
    return Collected(
        author=author,
        posts=posts,
        account_id=_only({draft.account_id for draft in own}),
        columns=reader.used,
        damaged=damaged,
        warnings=(*skips.warnings(), *_warnings(notes), *damage_warning(damaged, len(posts))),
        notes=notes,
    )


def _read_all(rows: Iterable[Row], reader: Reader, skips: Skips) -> tuple[list[Draft], int]:
    """The posts in the rows, and how many more their author deleted."""
    drafts: list[Draft] = []
    deleted = 0
    for row in rows:
        if row.cells is not None and reader.flag(row.cells, "deleted"):
            deleted += 1
        elif isinstance(draft := _read(row, reader), str):
            skips.add(draft, row.where)
        else:
            drafts.append(draft)
    return drafts, deleted


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


def choose_author(stated: Sequence[str], wanted: str | None, source: str) -> str:
    """The one author of rows that state these handles (empty where they state none).

    Raises:
        BadInputError: there are several and none is wanted, the wanted one is not there, or
            neither the rows nor the person names one.
    """
    spellings = Counter(filter(None, stated))
    authors: Mapping[str, str] = {
        handle.lower(): handle
        for handle in sorted(spellings, key=lambda handle: (spellings[handle], handle))
    }
    names = _names(sorted(authors.values(), key=str.lower))
    if not authors:
        if wanted is None:
            raise BadInputError(f"{source} does not say whose posts it holds; add --author NAME")
        return wanted
    if wanted is None and len(authors) > 1:
        raise BadInputError(
            f"{source} holds posts of {len(authors)} authors ({names}); choose one with --author"
        )
    found = authors.get(wanted.lower()) if wanted else next(iter(authors.values()))
    if found is None:
        raise BadInputError(f"{source} holds no posts of {wanted!r}; it holds posts of {names}")
    return found


def _names(authors: Sequence[str]) -> str:
    return ", ".join(name[:96] for name in authors[:5]) + (", …" if len(authors) > 5 else "")


def _only(values: set[str]) -> str | None:
    """The one value that is stated, if there is just one."""
    stated = values - {""}
    return stated.pop() if len(stated) == 1 else None


def _warnings(notes: Mapping[str, str | int]) -> tuple[str, ...]:
    said = {
        "substitute_ids": "rows without an id, or with a damaged one, that got a substitute: {}",
        "repeated_rows": "rows that repeat another and were left out: {}",
        "deleted": "posts that their author deleted and were left out: {}",
    }
    return tuple(sentence.format(notes[name]) for name, sentence in said.items() if name in notes)


def _refuse_other_formats(path: Path, source: str) -> None:
    with path.open("rb") as file:
        head = file.read(8)
    for magic, name in _NOT_TABLES:
        if head.startswith(magic):
            hint = "an X archive goes to --archive" if name == "a zip" else "convert it to CSV"
            raise BadInputError(f"{source} is {name}, not a table of text: {hint}")
