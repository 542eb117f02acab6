"""Tables in CSV and its kin, however they separate, quote and escape."""

import csv
import itertools
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from components.collect.table_rows import MAX_COLUMNS, OpenText, Row, Table, bounded_lines
from components.contracts.errors import BadInputError

MAX_FIELD = 1 << 20
"""Characters in one CSV field; a longer one is a quote that was never closed."""
_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([^\r\n])")
_LINE_BREAK = "\x1e"  # stands for an escaped one until the cells are parted
_MOST_LINES = 100  # of a row: a quote that is never closed swallows the rows behind it


@dataclass(frozen=True)
class CsvDialect:
    """How a file is written."""

    delimiter: str
    first_line: int
    """The number of the header's line."""
    escaped: bool = False
    """Whether a backslash stands before a quotation mark in a field, instead of a second mark, or,
    as databases write them, before a delimiter or a line's end."""
    spaced: bool = False
    """Whether a blank stands behind each delimiter, and before quotes."""


def read_csv(open_text: OpenText, source: str) -> Table:
    """A CSV table with a header.

    The delimiter is the one that a first line `sep=;` names, or that the header holds most.

    Raises:
        BadInputError: the header is no header; later, from the rows, a field without end.
    """
    csv.field_size_limit(MAX_FIELD)
    dialect = _find_dialect(open_text, source)
    with open_text() as file:
        header = next(_parse(bounded_lines(file, source), dialect, source), None)
    columns = _columns(header, source)
    return Table("CSV", columns, partial(_rows, open_text, dialect, columns, source))


def _columns(header: tuple[int, list[str] | str] | None, source: str) -> tuple[str, ...]:
    cells = header[1] if header else []
    if isinstance(cells, str):
        raise BadInputError(f"{source} is not a table: {cells} in its first line")
    columns = tuple(name.strip().removeprefix("\ufeff") for name in cells)
    if len(columns) > MAX_COLUMNS or any(not name.isprintable() for name in columns):
        raise BadInputError(
            f"{source} is not a table: its first line is not a line of column names"
        )
    twice = [name for name, count in Counter(columns).items() if name and count > 1]
    if twice:
        raise BadInputError(f"{source} has two columns named {twice[0]!r}; rename one")
    return columns


def _find_dialect(open_text: OpenText, source: str) -> CsvDialect:
    with open_text() as file:
        lines = bounded_lines(file, source)
        filled = (numbered for numbered in enumerate(lines, 1) if numbered[1].strip("\ufeff\r\n"))
        number, header = next(filled, (1, ""))
        if named := _SEPARATOR.fullmatch(header):
            number, header = next(filled, (number + 1, ""))
        delimiter = named[1] if named else max(_DELIMITERS, key=header.count)
        spaced = 0 < header.count(delimiter) == header.count(f"{delimiter} ")
        usual = CsvDialect(delimiter, number, spaced=spaced)
        signs = ('\\"', f"\\{delimiter}", "\\\n", "\\\r")
        may_be_escaped = any(
            "\\" in line and any(sign in line for sign in signs)
            for line in itertools.chain([header], lines)
        )
    if not may_be_escaped:
        return usual
    escaped = replace(usual, escaped=True)
    return min(usual, escaped, key=lambda one: _count_bad_rows(open_text, one, source))


def _count_bad_rows(open_text: OpenText, dialect: CsvDialect, source: str) -> int:
    """How many rows do not fit, if the file is written so."""
    with open_text() as file:
        rows = _parse(bounded_lines(file, source), dialect, source)
        try:
            widths = [-1 if isinstance(cells, str) else len(cells) for _, cells in rows if cells]
        except BadInputError:  # a field without end
            return sys.maxsize
    return sum(width != widths[0] for width in widths)


def _rows(
    open_text: OpenText, dialect: CsvDialect, columns: tuple[str, ...], source: str
) -> Iterator[Row]:
    with open_text() as file:
        rows = _parse(bounded_lines(file, source), dialect, source)
        next(rows, None)
        for number, cells in rows:
            where = f"line {number}"
            if isinstance(cells, str):
                yield Row(where, None, cells)
            elif cells:
                whole = len(cells) == len(columns)
                yield Row(where, dict(zip(columns, cells, strict=True)) if whole else None)


def _parse(
    lines: Iterator[str], dialect: CsvDialect, source: str
) -> Iterator[tuple[int, list[str] | str]]:
    """Each row with the number of its last line; of one that is not well-formed, what is wrong.

    Raises:
        BadInputError: a field has no end.
    """
    skipped = dialect.first_line - 1
    for _ in range(skipped):
        next(lines, None)
    reader = csv.reader(
        _protected(lines, dialect.delimiter) if dialect.escaped else lines,
        delimiter=dialect.delimiter,
        escapechar="\\" if dialect.escaped else None,
        skipinitialspace=dialect.spaced,
        strict=True,
    )
    while True:
        before = reader.line_num
        try:
            cells: list[str] | str = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if _is_open_end(error, reader.line_num - before):
                raise BadInputError(
                    f"{source}, near line {before + 1 + skipped}: {error}; a quote may not be "
                    "closed there"
                ) from error
            cells = "quotes that do not pair"
        if dialect.escaped and not isinstance(cells, str):
            cells = [cell.replace(_LINE_BREAK, "\n") for cell in cells]
        yield reader.line_num + skipped, cells


def _is_open_end(error: csv.Error, lines: int) -> bool:
    """Whether more than one row was lost to a quote that is never closed."""
    at_end = "end of data" in str(error)
    return "limit" in str(error) or lines > _MOST_LINES or (at_end and lines > 1)


def _protected(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """The lines with a sign for each `\\n`, and other backslashes doubled so that they stay."""
    meant = {"n": _LINE_BREAK, "r": "", **{sign: "\\" + sign for sign in ("\\", '"', delimiter)}}

    def escape(found: re.Match[str]) -> str:
        return meant.get(found[1], "\\\\" + found[1])

    for line in lines:
        yield _ESCAPE.sub(escape, line) if "\\" in line else line
