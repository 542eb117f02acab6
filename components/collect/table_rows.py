"""What a table is once its file has been opened, whatever its shape."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple, TextIO

from components.contracts.errors import BadInputError

MAX_LINE = 1 << 22
"""Characters in one line of a file."""
MAX_COLUMNS = 4_000

OpenText = Callable[[], AbstractContextManager[TextIO]]
"""Opens the table's file as text from its beginning, its line ends untouched."""


class Row(NamedTuple):
    """One row: where it stands, and its cells by column; no cells where it cannot be read."""

    where: str
    cells: dict[str, str] | None
    problem: str = "a row that does not fit the header"
    """Why there are no cells."""
    left_out: str = ""
    """Under which name the row is counted where it is left out on purpose; it has no cells then."""


class Table(NamedTuple):
    """A table's column names and its rows."""

    shape: str
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
    """Reads the rows from the first one on, each time it is called."""
    wishes: Callable[[], Iterable[dict[str, Any]]] = lambda: ()
    """What the owner says of AI, where an export says so: see `bluesky.preference`."""


def bounded_lines(file: TextIO, source: str) -> Iterator[str]:
    """The lines of a file, with their ends.

    Raises:
        BadInputError: a line has no end within bounds.
    """
    for line in iter(partial(file.readline, MAX_LINE), ""):
        if len(line) == MAX_LINE:
            raise BadInputError(
                f"{source} is not a table: a line has more than {MAX_LINE:,} characters"
            )
        yield line
