"""Tables in gzip or Zstandard, unpacked beside on disk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.collect.posts import shown
from components.contracts.errors import BadInputError

_PACKINGS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
MAX_UNPACKED = 8 << 30
"""Bytes of a table that are unpacked at most."""
MAX_RATIO = 1_000
"""Unpacked to packed; tables reach about 20, equal rows some hundreds."""
_SMALL = 1 << 20
_CHUNK = 1 << 18


@contextmanager
def unpacked(path: Path, source: str) -> Iterator[Path]:
    """The file at `path`; where it is packed, an unpacked one that is there until the block ends.

    Raises:
        BadInputError: it is damaged, or unpacks to more than a table has.
    """
    with path.open("rb") as file:
        head = file.read(4)
    packing = next((name for magic, name in _PACKINGS.items() if head.startswith(magic)), None)
    if packing is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="huggingtweets-") as folder:
        target = Path(folder) / "table"
        _unpack(path, packing, target, source)
        yield target


def _unpack(path: Path, packing: str, target: Path, source: str) -> None:
    limit = min(MAX_UNPACKED, path.stat().st_size * MAX_RATIO + _SMALL)
    size = 0
    with target.open("wb") as out:
        for data in _pieces(path, packing, source):
            size += len(data)
            if size > limit:
                raise BadInputError(
                    f"{source} unpacks to more than {limit:,} bytes; if that is right, "
                    "unpack it by hand"
                )
            out.write(data)


def _pieces(path: Path, packing: str, source: str) -> Iterator[bytes]:
    """What is packed, some bytes at a time: Arrow's reader minds a file that is cut off."""
    import pyarrow as pa  # type: ignore[import-untyped]  # takes a while to import

    try:
        with pa.CompressedInputStream(pa.OSFile(str(path)), packing) as file:
            while data := file.read(_CHUNK):
                yield data
    except (OSError, pa.ArrowException) as error:
        raise BadInputError(
            f"{source} is packed with {packing}, and cut off or damaged ({shown(str(error))}); "
            "fetch it again"
        ) from error
