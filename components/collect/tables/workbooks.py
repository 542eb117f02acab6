"""Tables in Excel's workbooks."""

import csv
import warnings
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from components.collect.containers.safe_zip import SafeZip
from components.collect.posts import shown
from components.contracts.errors import BadInputError

_WORKBOOK = "xl/workbook.xml"
_DAMAGE = (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, ParseError)


def write_sheet_as_csv(path: Path, target: Path, source: str) -> None:
    """Write the one sheet with anything in it of the workbook at `path` to `target`, as CSV.

    Messages call the workbook `source`.

    Raises:
        BadInputError: it is no whole workbook of Excel, or several of its sheets hold something.
    """
    with SafeZip(path, source) as archive:
        for name in archive.names:
            with archive.open(name):  # which checks how far it unpacks
                pass
        if not {"[Content_Types].xml", "mimetype"} & set(archive.names):
            raise BadInputError(f"{source} is packed twice; unpack it and give the table in it")
        if _WORKBOOK not in archive.names:
            raise BadInputError(
                f"{source} is an office document, but no .xlsx workbook; save the table as CSV"
            )
    import openpyxl  # takes a while to import

    try:
        with path.open("rb") as opened, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles that it does not know
            book = openpyxl.load_workbook(opened, read_only=True, data_only=True)
            filled = [sheet for sheet in book.worksheets if any(_rows(sheet))]
            if len(filled) != 1:
                names = ", ".join(shown(sheet.title) for sheet in filled) or "none"
                raise BadInputError(
                    f"{source} has {len(filled)} sheets with something in them ({names}); save "
                    "the one with the posts as CSV"
                )
            with target.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(_rows(filled[0]))
    except _DAMAGE as error:
        raise BadInputError(
            f"{source} is a damaged workbook ({shown(str(error))}); save the table as CSV"
        ) from error


def _rows(sheet: Any) -> Iterator[list[str]]:
    """The rows with something in them, without the empty columns behind the last name."""
    sheet.reset_dimensions()  # what the file states of them may be far too much
    width = 0
    for row in sheet.iter_rows(values_only=True):
        cells = [_cell(value) for value in row]
        if any(cells):
            width = width or max(n for n, cell in enumerate(cells, 1) if cell)
            yield (cells + [""] * width)[:width]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)
