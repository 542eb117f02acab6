"""What a table is like as a whole, found out before any post is read from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.collect.config import TableSource
from components.collect.table_rows import Table
from components.collect.tables.authors import Authors, Key, TableAuthor, choose_author
from components.collect.tables.date_order import DateColumn
from components.collect.tables.reader import NOTHING, YES, Reader, joined_cells
from components.collect.tables.strangers import Strangers, refuse_several
from components.collect.times import DateOrder
from components.contracts.errors import BadInputError

_FEWEST_BREAKS = 3

Columns = tuple[str, ...]
"""A column, or several that are joined."""


@dataclass(frozen=True)
class Survey:
    """What decides how the rows of a table are read."""

    author: TableAuthor
    key: Key | None
    """How to tell the author's rows; None where all are theirs."""
    date_orders: Mapping[Columns, DateOrder]
    """How to read the dates in numbers of each column that holds such."""
    counts: frozenset[str]
    """Columns with the name of a switch that count instead."""
    escaped_breaks: bool
    """Whether line breaks in texts are written as a backslash and an n."""

    def is_of_author(self, cells: Mapping[str, str]) -> bool | None:
        """Whether a row is of the author; None where it names nobody and others do."""
        if self.key is None:
            return True
        return (key == self.author.key) if (key := self.key.of(cells)) else None


def survey_table(table: Table, reader: Reader, config: TableSource, source: str) -> Survey:
    """Read all rows once.

    Raises:
        BadInputError: the table is of several people and none is chosen, or it does not decide
            whether days or months come first.
    """
    authors, strangers = Authors(reader, config.author), Strangers(reader)
    dates, breaks = _Dates(reader), _Breaks(reader)
    switches = dict.fromkeys(reader.flag_columns("repost_switch"), True)
    unread, whole = "", False
    for where, cells, problem, left_out in table.rows():
        if cells is None:
            unread = unread or ("" if left_out else f"the first, {where}, is {problem}")
            continue
        whole = True
        authors.note(cells)
        strangers.note(cells)
        breaks.note(cells)
        if config.date_order is None:
            dates.note(cells, where)
        for name in switches:
            switches[name] = switches[name] and _is_switch(cells.get(name, ""))
    if unread and not whole:
        raise BadInputError(
            f"{source}: none of its rows can be read; {unread}; check how the file is separated"
        )
    if not authors.are_named:
        refuse_several(authors, strangers, source)
    author, key = choose_author(authors, config.author, source)
    return Survey(
        author=author,
        key=key,
        date_orders=dates.orders(config.date_order, source),
        counts=frozenset(name for name, switch in switches.items() if not switch),
        escaped_breaks=breaks.are_escaped,
    )


def _is_switch(stated: str) -> bool:
    word = stated.strip().lower()
    return word in NOTHING or word in YES


class _Dates:
    """The columns of times, and the order of day and month in each."""

    def __init__(self, reader: Reader) -> None:
        self._columns = {parts: DateColumn() for parts in reader.columns("created_at")}
        self._needed: set[Columns] = set()

    def note(self, cells: Mapping[str, str], where: str) -> None:
        """Take note of a row's times; the first that it states must be readable."""
        first = True
        for parts, column in self._columns.items():
            if (stated := joined_cells(cells, parts)).strip():
                if column.add(stated, where) and first:
                    self._needed.add(parts)
                first = False

    def orders(self, given: DateOrder | None, source: str) -> dict[Columns, DateOrder]:
        """The order of each column that has one: as it was `given`, or as its rows decide.

        Raises:
            BadInputError: they do not decide.
        """
        if given:
            return dict.fromkeys(self._columns, given)
        found = {parts: self._columns[parts].order(source) for parts in self._needed}
        return {parts: order for parts, order in found.items() if order}


@dataclass
class _Breaks:
    """How line breaks in texts are written: twarc's tables and databases' escape them."""

    reader: Reader
    real: int = 0
    escaped: int = 0

    def note(self, cells: Mapping[str, str]) -> None:
        """Take note of a row's text."""
        text = self.reader.text(cells)
        self.real += "\n" in text
        self.escaped += "\\n" in text

    @property
    def are_escaped(self) -> bool:
        """Whether `\\n` is a line break: some texts have it, and none a real one."""
        by_twarc = any("twarc" in name for name in self.reader.unread)
        return not self.real and self.escaped >= (1 if by_twarc else _FEWEST_BREAKS)
