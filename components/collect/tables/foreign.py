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
    _Kind(0, b"\x1f\x8b", "is packed twice; unpack it and give the table in it"),
    _Kind(4, b"1AY&SY", "is packed twice; unpack it and give the table in it"),
    _Kind(0, b"\xfd7zXZ\0", "is packed twice; unpack it and give the table in it"),
    _Kind(0, b"\x28\xb5\x2f\xfd", "is packed twice; unpack it and give the table in it"),
    _Kind(0, b"\x04\x22\x4d\x18", "is packed with LZ4; unpack it and give the table in it"),
    _Kind(0, b"\x5d\0\0", "is packed with LZMA; unpack it and give the table in it"),
    _Kind(0, b"\x89HDF", "is an HDF5 file; write it as Parquet or CSV"),
    _Kind(0, b"RDX", "is a file of R; write it as CSV with write.csv"),
    _Kind(0, b"X\n\0\0\0", "is a file of R; write it as CSV with write.csv"),
    _Kind(0, b"\x80\x04\x95", "is a pickle of Python, which is never opened; write it as CSV"),
    _Kind(0, b"Obj\x01", "is an Avro file; write it as Parquet or CSV"),
    _Kind(0, b"-- ", "is a dump in SQL; export its table of posts as CSV"),
    _Kind(0, b"<?xml", "is XML; give CSV, JSON or Parquet"),
    _Kind(0, b"FEA1", "is a Feather file; write it as Parquet or CSV"),
    _Kind(0, b"window.YTD.", "is a file of an X archive; give the whole archive to --archive"),
    _Kind(0, b"\x89PNG", "is a picture, not a table of posts"),
    _Kind(0, b"\xff\xd8\xff", "is a picture, not a table of posts"),
)
_PAGES = (b"<!doctype html", b"<html", b"<table")


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
