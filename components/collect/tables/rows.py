"""The rows of a table file, whatever its shape."""

import csv
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from components.collect.json_array import ArrayText
from components.collect.tables.encodings import Encoding
from components.contracts.errors import BadInputError

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

MAX_FIELD = 1 << 20
"""Characters in one CSV field; a longer one is a quote that was never closed."""
MAX_LINE = 1 << 22
"""Characters in one line of a file."""
MAX_COLUMNS = 4_000
_LOOK_AHEAD = 100
_DELIMITERS = ",;\t"


class Row(NamedTuple):
    """One row: where it stands, and its cells by column; no cells where it cannot be read."""

    where: str
    cells: dict[str, str] | None


class Table(NamedTuple):
    """A table's column names and its rows, to be read once."""

    shape: str
    columns: tuple[str, ...]
    rows: Iterator[Row]


def read_rows(file: TextIO, source: str) -> Table:
    """The table in `file` (opened with newline=""), by how it begins.

    Raises:
        BadInputError: it is empty or no table; later, from the rows, a field without end.
    """
    head = file.read(4096).lstrip()
    file.seek(0)
    if not head:
        raise BadInputError(f"{source} is empty; give a table with a header and posts")
    if head[0] in "[{":
        rows = _json_array(file, source) if head[0] == "[" else _json_lines(file, source)
        first = list(itertools.islice(rows, _LOOK_AHEAD))
        columns = dict.fromkeys(name for row in first for name in row.cells or ())
        if not columns:
            raise BadInputError(f"{source} holds no posts: give one JSON object for each")
        shape = "JSON array" if head[0] == "[" else "JSON lines"
        return Table(shape, tuple(columns), itertools.chain(first, rows))
    return read_csv(file, source)


def bounded_lines(file: TextIO, source: str) -> Iterator[str]:
    """The lines of a file, with their ends.

    Raises:
        BadInputError: a line has no end within bounds.
    """
    for line in iter(partial(file.readline, MAX_LINE), ""):
        if len(line) == MAX_LINE:
            raise BadInputError(
                f"{source} is no table: a line has more than {MAX_LINE:,} characters"
            )
        yield line


def read_csv(file: TextIO, source: str) -> Table:
    """A CSV table with a header; the delimiter is the one that the header holds most.

    Raises:
        BadInputError: the header is no header; later, from the rows, a field without end.
    """
    csv.field_size_limit(MAX_FIELD)
    lines = bounded_lines(file, source)
    header_line = next(lines, "")
    delimiter = max(_DELIMITERS, key=header_line.count)
    reader = csv.reader(itertools.chain([header_line], lines), delimiter=delimiter)
    try:
        columns = tuple(name.strip().removeprefix("\ufeff") for name in next(reader, []))
    except csv.Error as error:
        raise BadInputError(f"{source} is not a table: {error}") from error
    if len(columns) > MAX_COLUMNS or any(not name.isprintable() for name in columns):
        raise BadInputError(f"{source} is not a table: its first line is no line of column names")
    twice = [name for name, count in Counter(columns).items() if name and count > 1]
    if twice:
        raise BadInputError(f"{source} has two columns named {twice[0]!r}; rename one")
    return Table("CSV", columns, _csv_rows(reader, columns, source))


def _csv_rows(reader: "CsvReader", columns: tuple[str, ...], source: str) -> Iterator[Row]:
    try:
        for cells in reader:
            if cells:
                whole = len(cells) == len(columns)
                where = f"line {reader.line_num}"
                yield Row(where, dict(zip(columns, cells, strict=True)) if whole else None)
    except csv.Error as error:
        raise BadInputError(
            f"{source}, near line {reader.line_num}: {error}; a quote may not be closed there"
        ) from error


def _json_lines(file: TextIO, source: str) -> Iterator[Row]:
    for number, line in enumerate(bounded_lines(file, source), 1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            yield Row(f"line {number}", flatten(value))


def _json_array(file: TextIO, source: str) -> Iterator[Row]:
    text = ArrayText(file.read, f"{source}, a JSON array,")
    for number, value in enumerate(text.items(), 1):
        yield Row(f"item {number}", flatten(value))


def flatten(value: Any) -> dict[str, str] | None:
    """An object's cells as text, `user.name` for an object within it; None for anything else."""
    if not isinstance(value, dict):
        return None
    cells: dict[str, str] = {}
    for name, inner in value.items():
        if isinstance(inner, dict):
            cells |= {f"{name}.{key}": cell_text(part) for key, part in inner.items()}
        else:
            cells[name] = cell_text(inner)
    return cells


def cell_text(value: Any) -> str:
    """A JSON value as a cell of a CSV would hold it; lists and objects are empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return str(value) if isinstance(value, int | float) else ""
    except ValueError:  # a number of thousands of digits
        return ""


def open_text(path: Path, encoding: Encoding) -> TextIO:
    """The file as text, its line ends untouched."""
    return path.open(encoding=encoding.name, errors=encoding.errors, newline="")
