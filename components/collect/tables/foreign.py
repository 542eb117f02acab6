"""Files that are no tables: named for what they are, with what to do about them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from components.contracts.errors import BadInputError


class _Kind(NamedTuple):
    place: int
    """Where in the file its mark stands."""
    mark: bytes
    what: str
    """What it is, and what to do."""


_KINDS = (
    _Kind(257, b"ustar", "is a tar archive; unpack it and give the table in it"),
    _Kind(0, b"SQLite format 3\0", "is an SQLite database; export its table of posts as CSV"),
    _Kind(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old office document; save it as CSV"),
    _Kind(0, b"7z\xbc\xaf\x27\x1c", "is a 7z archive; unpack it and give the table in it"),
    _Kind(0, b"Rar!\x1a\x07", "is a RAR archive; unpack it and give the table in it"),
    _Kind(0, b"%PDF-", "is a PDF; no table can be read from it: give CSV, JSON or Parquet"),
    _Kind(0, b"ARROW1", "is an Arrow file; write it as Parquet or CSV"),
    _Kind(0, b"FEA1", "is a Feather file; write it as Parquet or CSV"),
    _Kind(0, b"window.YTD.", "is a file of an X archive; give the whole archive to --archive"),
    _Kind(0, b"\x89PNG", "is a picture, not a table of posts"),
    _Kind(0, b"\xff\xd8\xff", "is a picture, not a table of posts"),
)
_PAGES = (b"<!doctype html", b"<html")


def refuse_foreign(path: Path, source: str) -> None:
    """Refuse a file that is known to be something else than a table.

    Raises:
        BadInputError: it is; the message says what it is and what to do.
    """
    with path.open("rb") as file:
        head = file.read(512)
    for what in _meanings(head):
        raise BadInputError(f"{source} {what}")


def _meanings(head: bytes) -> Iterator[str]:
    for kind in _KINDS:
        if head[kind.place :].startswith(kind.mark):
            yield kind.what
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_PAGES):
        yield "is a web page, perhaps in place of a file to download; fetch the file again"
