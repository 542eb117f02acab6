"""One author's posts out of a table file."""

import html
import logging
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO

from components.collect.bluesky.preference import keep_to_stances, notes_of, stances_in
from components.collect.collected import Collected, Skips, Tally
from components.collect.config import TableSource
from components.collect.exports.car import is_car
from components.collect.exports.recognising import read_export
from components.collect.exports.repository import read_repository
from components.collect.html_text import read_html
from components.collect.posts import make_post, shown
from components.collect.spool import Spool
from components.collect.table_rows import OpenText, Row, Table
from components.collect.tables.csv_rows import read_csv
from components.collect.tables.encodings import Encoding, find_encoding
from components.collect.tables.foreign import refuse_foreign
from components.collect.tables.ids import settle_ids, trusted_id
from components.collect.tables.json_rows import read_json
from components.collect.tables.parquet import MAGIC, read_parquet
from components.collect.tables.reader import Reader, choose_reader, joined_cells
from components.collect.tables.survey import Survey, survey_table
from components.collect.tables.unpacking import ZIP, unpacked_file
from components.collect.tables.workbooks import write_sheet_as_csv
from components.collect.times import READABLE, parse_time
from components.contracts.errors import BadInputError
from components.contracts.posts import Post

log = logging.getLogger(__name__)

FIRST_TWEET = datetime(2006, 3, 21, tzinfo=UTC)
"""Posts are not older than the first one of all; one that says so has a wrong time."""
# As Mastodon, Misskey and their like call it; unlisted posts ask not to be found.
_NOT_PUBLIC = frozenset(
    {"private", "direct", "specified", "followers", "followers_only", "limited", "mutuals"}
    | {"unlisted", "home", "self", "only_me", "friends"}
)
# Where a table says nothing of replies, a post that begins with a mention is one.
_LEADING_MENTION = re.compile(r"@(\w{1,15})\s", re.ASCII)


class TablePlan(NamedTuple):
    """How the rows of a table are read."""

    format: str
    reader: Reader
    survey: Survey


def read_table(
    path: Path, source: str, config: TableSource, spool: Spool, plan: TablePlan | None = None
) -> Collected:
    """Read the posts of one author from the table at `path` into the spool.

    Messages call the table `source`. All rows are gone through twice, or once where `plan_table`
    was asked before for its `plan`.

    Raises:
        BadInputError: it is no table of posts, has no such author, or is mostly unreadable; or its
            owner says no to what becomes of the posts.
    """
    with open_table(path, source) as (table, encoding):
        stances = stances_in(table.wishes())
        keep_to_stances(f"the owner of {source}", stances, config.consent)
        plan = plan or plan_rows(table, source, config)
        collected = posts_of_table(table, source, plan, spool).saying(notes_of(stances))
    found = ", ".join(f"{field}={column}" for field, column in collected.columns.items())
    log.info("%s: read as %s: %s", source, collected.notes["format"], found)
    return replace(collected, encoding=encoding)


def plan_table(path: Path, source: str, config: TableSource) -> TablePlan:
    """How `read_table` would read the table, and whose posts it would take."""
    with open_table(path, source) as (table, _):
        return plan_rows(table, source, config)


def plan_rows(table: Table, source: str, config: TableSource) -> TablePlan:
    """The same of an open table: its rows are gone through once."""
    name, reader = choose_reader(table.columns, config.format, config.columns, source)
    return TablePlan(name, reader, survey_table(table, reader, config, source))


@contextmanager
def open_table(path: Path, source: str) -> Iterator[tuple[Table, str]]:
    """The table at `path`, unpacked and decoded, and its encoding."""
    with unpacked_file(path, source) as plain:
        refuse_foreign(plain, source)
        with plain.open("rb") as file:
            head = file.read(16)
        if is_car(head):
            yield read_repository(plain, source), "utf-8"
        elif head.startswith(MAGIC):
            yield read_parquet(plain, source), "utf-8"
        elif head.startswith(ZIP):
            with tempfile.TemporaryDirectory(prefix="huggingtweets-") as folder:
                sheet = Path(folder) / "sheet.csv"
                write_sheet_as_csv(plain, sheet, source)
                table = read_csv(partial(_open, sheet, Encoding("utf-8")), source)
                yield table._replace(shape="Excel workbook"), "utf-8"
        else:
            encoding = find_encoding(plain)
            name = "utf-8" if encoding.name == "utf-8-sig" else encoding.name
            yield _read_text(partial(_open, plain, encoding), source), name


def _open(path: Path, encoding: Encoding) -> TextIO:
    """The file as text, its line ends untouched."""
    return path.open(encoding=encoding.name, errors=encoding.errors, newline="")


def _read_text(open_text: OpenText, source: str) -> Table:
    """The table in a file of text, by how it begins."""
    with open_text() as file:
        head = file.read(4096).lstrip("\ufeff \t\r\n")
    if not head:
        raise BadInputError(f"{source} is empty; give a table with a header and posts")
    if head[0] not in "[{":
        return read_csv(open_text, source)
    return read_export(open_text, source) or read_json(open_text, source)


def posts_of_table(table: Table, source: str, plan: TablePlan, spool: Spool) -> Collected:
    """Put the posts of one author among the rows of `table` into the spool."""
    format_name, reader, survey = plan
    rows = _Rows(reader, survey, Skips(source, "rows"), spool)
    for row in table.rows():
        rows.take(row)
    rows.skips.refuse_too_many(rows.posts)
    if not rows.posts:
        raise BadInputError(f"{source} holds no posts: there are no rows to read")
    author = survey.author
    counts = {
        "skipped": rows.skips.total,
        "deleted": rows.deleted,
        "other_authors": rows.others,
        **rows.left_out,
        **settle_ids(spool, author.handle),
    }
    notes: dict[str, str | int] = {"format": format_name, "shape": table.shape}
    notes |= {name: count for name, count in counts.items() if count}
    return Collected(
        author=author.handle,
        names=author.names,
        account_id=author.account_ids[0] if len(author.account_ids) == 1 else None,
        account_ids=author.account_ids,
        columns=reader.used,
        warnings=(*rows.skips.warnings(), *rows.odd_times.warnings(), *_warnings(notes)),
        notes=notes,
    )


class _Rows:
    """Puts the author's posts into the spool, row by row, and counts the rest."""

    def __init__(self, reader: Reader, survey: Survey, skips: Skips, spool: Spool) -> None:
        self._reader, self._survey, self._spool = reader, survey, spool
        self.skips = skips
        self.left_out = Counter[str]()
        self.odd_times = _OddTimes()
        self.posts = self.deleted = self.others = 0
        """How many posts there are, how many are deleted, and how many posts are of others."""

    def take(self, row: Row) -> None:
        """Take the row's post, or count why not."""
        if row.left_out:
            self.left_out[row.left_out] += 1
            return
        if row.cells is None:
            self.skips.add(row.problem, row.where)
            return
        if self._reader.first(row.cells, "visibility").strip().lower() in _NOT_PUBLIC:
            self.left_out["not_public"] += 1
            return
        ours = self._survey.is_of_author(row.cells)
        if self._reader.flag(row.cells, "deleted"):
            self.deleted += 1
            self._spool.add_gone(trusted_id(self._reader.first(row.cells, "id")))
        elif isinstance(post := self._read(row), _Skip):
            self.skips.add(post.reason, post.where)
        elif ours is None:
            self.skips.add("no author", row.where)
        else:
            self.posts += 1
            self.others += not ours
            if ours:
                self.odd_times.note(post.created_at, row.where)
                self._spool.add(post)

    def _read(self, row: Row) -> "Post | _Skip":
        """The row's post, or why there is none."""
        cells, reader = row.cells or {}, self._reader
        text, created_at = self._text(cells), self._time(cells)
        if not text.strip():
            return _Skip("no text", row.where)
        if created_at is None:
            return _no_time(reader.first(cells, "created_at"), row.where)
        reply_to = reader.fact(cells, "reply_to")
        if not reader.has("reply_to") and (answered := _LEADING_MENTION.match(text)):
            reply_to = answered[1]
        return make_post(
            post_id=trusted_id(reader.first(cells, "id")),
            author="",  # it is known when all rows are
            created_at=created_at,
            text=text,
            repost=reader.is_repost(cells, self._survey.counts),
            quote=reader.flag(cells, "quote"),
            reply_to=reply_to,
            lang=reader.fact(cells, "lang"),
            source=reader.fact(cells, "source"),
        )

    def _text(self, cells: Mapping[str, str]) -> str:
        text = self._reader.text(cells)
        if text.startswith("<p>") and text.endswith("</p>"):  # as Mastodon's servers give it
            return html.escape(read_html(text).text, quote=False)
        if self._survey.escaped_breaks and "\\" in text:
            return text.replace("\\r", "").replace("\\n", "\n")
        return text

    def _time(self, cells: Mapping[str, str]) -> datetime | None:
        """The first time of the row that can be read."""
        orders = self._survey.date_orders
        for parts in self._reader.columns("created_at"):
            if at := parse_time(joined_cells(cells, parts), orders.get(parts)):
                return at
        return None


class _OddTimes(Tally):
    """Times that no post can have."""

    def __init__(self) -> None:
        super().__init__()
        self._now = datetime.now(UTC)

    def note(self, at: datetime, where: str) -> None:
        """Take note of a post's time."""
        if FIRST_TWEET <= at <= self._now:
            return
        odd = "in the future" if at > self._now else f"before {FIRST_TWEET:%Y-%m-%d}"
        self.add(odd, f"{where}: {at:%Y-%m-%d %H:%M}")

    def warnings(self) -> tuple[str, ...]:
        """A sentence for each kind, with its first row."""
        return tuple(
            f"posts with a time {odd}: {count:,} (first: {self.first[odd]}); check the column of "
            "times"
            for odd, count in self.counts.items()
        )


class _Skip(NamedTuple):
    """Why a row has no post, and where that is."""

    reason: str
    where: str


def _no_time(stated: str, where: str) -> _Skip:
    if not stated:
        return _Skip("no time", where)
    return _Skip(
        "an unreadable time",
        f"{where}: {shown(stated, 40)!r}; a form that is read is {READABLE}",
    )


def _warnings(notes: Mapping[str, str | int]) -> tuple[str, ...]:
    said = {
        "substitute_ids": "rows without an id, or with a damaged one, that got a substitute: {}",
        "repeated_rows": "rows that repeat another and were left out: {}",
        "deleted": "posts that their author deleted and were left out: {}",
    }
    return tuple(sentence.format(notes[name]) for name, sentence in said.items() if name in notes)
