"""Tables in gzip, bzip2, xz, Zstandard or a zip, unpacked beside on disk."""

import bz2
import gzip
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import zstandard

from components.collect.containers.safe_zip import SafeZip
from components.collect.posts import shown
from components.contracts.errors import BadInputError
from components.runtime.zstd import unpacked_frames

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""How a zip begins, and an empty one."""
MAX_UNPACKED = 8 << 30
"""Bytes of a table that are unpacked at most."""
MAX_RATIO = 1_000
"""Unpacked to packed; tables reach about 20, equal rows some hundreds."""
_SMALL = 1 << 20
_CHUNK = 1 << 18
_FEW = 1 << 11  # as one packed kilobyte of Zstandard may be 32 megabytes
_LONGEST_WINDOW = 1 << 31
"""Bytes that Zstandard may look back, as after `zstd --long=31`."""
_DAMAGE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
_OUTBOX = "outbox.json"  # of the zip that Mastodon gives its users
_UNREAD = ("desktop.ini", "Thumbs.db")


class _Packing(NamedTuple):
    magic: bytes
    name: str
    pieces: Callable[[BinaryIO], Iterator[bytes]]


@contextmanager
def unpacked_file(path: Path, source: str) -> Iterator[Path]:
    """The file at `path`; where it is packed, an unpacked one that is there until the block ends.

    Of a zip that is the one table in it; an office document, which is a zip as well, stays one.

    Raises:
        BadInputError: it is damaged, or unpacks to more than a table has; a zip holds several.
    """
    with path.open("rb") as file:
        head = file.read(6)
    packing = next((one for one in _PACKINGS if head.startswith(one.magic)), None)
    if packing is None and not head.startswith(ZIP):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="huggingtweets-") as folder:
        target = Path(folder) / "table"
        if packing is None:
            yield target if _take_out(path, target, source) else path
            return
        with path.open("rb") as file:
            limit = min(MAX_UNPACKED, path.stat().st_size * MAX_RATIO + _SMALL)
            with _damage_said(source, packing.name):
                _write(packing.pieces(file), target, limit, source)
        yield target


@contextmanager
def _damage_said(source: str, packing: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise BadInputError(
            f"{source} is packed with {packing}, and cut off or damaged ({shown(str(error))}); "
            "fetch it again"
        ) from error


def _write(pieces: Iterator[bytes], target: Path, limit: int, source: str) -> None:
    size = 0
    with target.open("wb") as out:
        for data in pieces:
            size += len(data)
            if size > limit:
                raise BadInputError(
                    f"{source} unpacks to more than {limit:,} bytes; if that is right, "
                    "unpack it by hand"
                )
            out.write(data)


def _take_out(path: Path, target: Path, source: str) -> bool:
    """Unpack the one table of a zip; False where the zip itself is a document.

    Raises:
        BadInputError: the zip is damaged, an archive of X, or holds no table or several.
    """
    with SafeZip(path, source) as archive:
        names = [name for name in archive.names if not name.endswith(("/", *_UNREAD))]
        if "[Content_Types].xml" in names or "mimetype" in names:
            return False
        if any(name.endswith(("tweets.js", "tweet.js")) for name in names):
            raise BadInputError(f"{source} is a zip, not a table: an X archive goes to --archive")
        outbox = [name for name in names if name.rpartition("/")[2] == _OUTBOX]
        names = outbox if len(outbox) == 1 else names
        if len(names) != 1:
            listed = ", ".join(shown(name) for name in names[:5]) + (", …" if names[5:] else "")
            found = f"{len(names)} files ({listed})" if names else "no file"
            raise BadInputError(
                f"{source} is a zip that holds {found}, not one table; unpack it and give the "
                "table (an X archive goes to --archive)"
            )
        with archive.open(names[0]) as member:
            _write(iter(partial(member.read, _CHUNK), b""), target, MAX_UNPACKED, source)
    return True


def _gzip(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as packed:
        yield from iter(partial(packed.read, _CHUNK), b"")


def _bzip2(file: BinaryIO) -> Iterator[bytes]:
    with bz2.BZ2File(file) as packed:
        yield from iter(partial(packed.read, _CHUNK), b"")


def _xz(file: BinaryIO) -> Iterator[bytes]:
    with lzma.LZMAFile(file) as packed:
        yield from iter(partial(packed.read, _CHUNK), b"")


def _zstandard(file: BinaryIO) -> Iterator[bytes]:
    return unpacked_frames(iter(partial(file.read, _FEW), b""), _LONGEST_WINDOW)


_PACKINGS = (
    _Packing(b"\x1f\x8b", "gzip", _gzip),
    _Packing(b"BZh", "bzip2", _bzip2),
    _Packing(b"\xfd7zXZ\x00", "xz", _xz),
    _Packing(b"\x28\xb5\x2f\xfd", "Zstandard", _zstandard),
)
