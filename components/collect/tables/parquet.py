"""The rows of a Parquet file, a few at a time."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from components.collect.posts import shown
from components.collect.tables.rows import Row, Table, flatten
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

    try:
        file = pq.ParquetFile(path, pre_buffer=False)
        first = next(file.iter_batches(1), None) if file.metadata.num_rows else None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(source, error) from error
    columns = dict.fromkeys(file.schema_arrow.names)
    for row in first.to_pylist() if first else ():
        columns |= dict.fromkeys(flatten(_plain(row)) or ())
    return Table("Parquet", tuple(columns), _rows(file, pa.ArrowException, source))


def _rows(file: Any, arrow_error: type[Exception], source: str) -> Iterator[Row]:
    number = 0
    try:
        for batch in file.iter_batches(_AT_ONCE):
            for row in batch.to_pylist():
                number += 1
                yield Row(f"row {number}", flatten(_plain(row)))
    except (arrow_error, OSError, ValueError) as error:
        raise _damaged(source, error) from error


def _plain(value: Any) -> Any:
    """Times as ISO 8601, bytes as text: what JSON would hold."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _damaged(source: str, error: Exception) -> BadInputError:
    return BadInputError(f"{source} is no whole Parquet file ({shown(str(error))})")
