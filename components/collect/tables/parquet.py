"""The rows of a Parquet file, a few at a time."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from components.collect.posts import shown
from components.collect.table_rows import Row, Table
from components.collect.tables.json_rows import flatten
from components.contracts.errors import BadInputError

MAGIC = b"PAR1"
_AT_ONCE = 1_000


def read_parquet(path: Path, source: str) -> Table:
    """The table in the Parquet file at `path`; messages call it `source`.

    Raises:
        BadInputError: it is no whole Parquet file; later, from the rows, damage.
    """
    import pyarrow as pa  # type: ignore[import-untyped]  # takes a while to import
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    damage = (pa.ArrowException, OSError, ValueError)
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            columns = dict.fromkeys(file.schema_arrow.names)
    except damage as error:
        raise _damaged(source, error) from error
    rows = partial(_rows, partial(pq.ParquetFile, path, pre_buffer=False), damage, source)
    for row in rows():
        columns |= dict.fromkeys(row.cells or ())
    return Table("Parquet", tuple(columns), rows)


def _rows(
    open_file: Callable[[], Any], damage: tuple[type[Exception], ...], source: str
) -> Iterator[Row]:
    number = 0
    try:
        with open_file() as file:
            for batch in file.iter_batches(_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    yield Row(f"row {number}", flatten(_plain(row)))
    except damage as error:
        raise _damaged(source, error) from error


def _plain(value: Any) -> Any:
    """Times as ISO 8601, bytes as text: what JSON would hold."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _damaged(source: str, error: Exception) -> BadInputError:
    return BadInputError(f"{source} is not a whole Parquet file ({shown(str(error))})")
