"""CAR files: blocks, each behind its CID (ipld.io/specs/transport/car/carv1)."""

import hashlib
from pathlib import Path
from typing import Any, BinaryIO

from components.collect.exports.dag_cbor import Link, decode
from components.collect.json_fields import as_object
from components.contracts.errors import BadInputError

MAX_BLOCK = 2 << 20
"""Bytes; atproto's records have a million at most."""
MAX_BLOCKS = 5_000_000
_MOST_VARINT_BYTES = 9
_LONGEST_CID = 96
_SHA256 = 0x12
_HEADERS = (b"\xa2\x65roots", b"\xa2\x67version", b"\xa1\x67version")


def is_car(head: bytes) -> bool:
    """Whether a file that begins so is a CAR file."""
    return head[1:].startswith(_HEADERS) and head[0] < 0x80


class Blocks:
    """The blocks of a CAR file, found by their CIDs; each is read and compared when asked for.

    Nothing is kept open: `reading` gives the file to `read` from.
    """

    def __init__(self, path: Path, source: str) -> None:
        """Find out where the blocks lie; messages call the file `source`.

        Raises:
            BadInputError: it is no CAR file of the first version, damaged or cut off.
        """
        self._path, self._source = path, source
        self._places: dict[bytes, tuple[int, int]] = {}
        with self.reading() as file:
            try:
                self.root = self._header(file)
                self._find_blocks(file)
            except ValueError as error:
                raise self.damaged(str(error)) from error

    def reading(self) -> BinaryIO:
        """The file, to be closed by who asks."""
        return self._path.open("rb")

    def read(self, file: BinaryIO, cid: bytes) -> Any:
        """What the block with this CID holds.

        Raises:
            BadInputError: it is missing, or its bytes are not those that the CID names.
        """
        if cid not in self._places:
            raise BadInputError(
                f"{self._source} is but a part of a repository: it lacks blocks that others name; "
                "export the whole of it again, without `since`"
            )
        start, size = self._places[cid]
        file.seek(start)
        data = file.read(size)
        try:
            _compare(cid, data)
            return decode(data)
        except ValueError as error:
            raise self.damaged(str(error)) from error

    def damaged(self, why: str) -> BadInputError:
        """What to raise for a file whose blocks are not as they should be."""
        return BadInputError(f"{self._source}, a CAR file, is cut off or damaged ({why})")

    def _header(self, file: BinaryIO) -> Link:
        size = _varint(file)
        header = as_object(decode(file.read(min(size or 0, MAX_BLOCK))))
        roots, version = header.get("roots"), header.get("version")
        if version != 1:
            raise BadInputError(
                f"{self._source} is a CAR file of version {version!r:.20}; export it in version 1, "
                "which com.atproto.sync.getRepo gives"
            )
        if not isinstance(roots, list) or not roots or not isinstance(roots[0], Link):
            raise ValueError("its header names no root")
        return roots[0]

    def _find_blocks(self, file: BinaryIO) -> None:
        end = self._path.stat().st_size
        while (size := _varint(file)) is not None:
            start = file.tell()
            if start + size > end:
                raise ValueError("its last block is not whole")
            cid = _cid(file.read(min(size, _LONGEST_CID)))
            if size - len(cid) > MAX_BLOCK or len(self._places) >= MAX_BLOCKS:
                raise ValueError("it holds more than a repository does")
            self._places[cid] = (start + len(cid), size - len(cid))
            file.seek(start + size)


def _varint(file: BinaryIO) -> int | None:
    """The number that is next, seven bits a byte, the lowest first; None at the end."""
    number = 0
    for place in range(_MOST_VARINT_BYTES):
        byte = file.read(1)
        if not byte:
            if place:
                raise ValueError("it ends within a number")
            return None
        number |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return number
    raise ValueError("a number without an end")


def _cid(start: bytes) -> bytes:
    """The CID of version 1 with which a block begins: version, codec, hash, its length, digest.

    Each number takes one byte in all of atproto's.
    """
    if len(start) < 4 or start[0] != 1 or max(start[:4]) >= 0x80 or len(start) < 4 + start[3]:
        raise ValueError("a block does not begin with a CID")
    return start[: 4 + start[3]]


def _compare(cid: bytes, data: bytes) -> None:
    """Raises ValueError where `data` is not what the CID names."""
    if cid[2] == _SHA256 and hashlib.sha256(data).digest() != cid[4:]:
        raise ValueError("a block holds other bytes than its CID says")
