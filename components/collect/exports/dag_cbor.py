"""DAG-CBOR, in which Bluesky keeps records (ipld.io/specs/codecs/dag-cbor/spec).

A reader of our own: what people give as files may be damaged, or made to harm.
"""

import struct
from typing import Any

MAX_DEPTH = 64
"""Values within values; records have about ten."""
_SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}
_FLOAT = 0xFB
_LINK_TAG = 42
_CUT_OFF = "it is cut off"


class Link(bytes):
    """The CID of another block."""


def decode(data: bytes) -> Any:
    """The value that `data` holds: links as `Link`, all else as Python's own.

    Raises:
        ValueError: it is no DAG-CBOR, or more than one value.
    """
    value, end = _value(data, 0, 0)
    if end != len(data):
        raise ValueError("something follows its data")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends."""
    if depth > MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} values lie within each other")
    if at >= len(data):
        raise ValueError(_CUT_OFF)
    kind = data[at] >> 5
    if kind == 7:
        return _simple(data, at)
    number, at = _number(data, at)
    if kind < 2:
        return (-1 - number if kind else number), at
    if kind == 6:
        return _link(data, at, number)
    if number > len(data) - at:  # every item takes a byte
        raise ValueError(_CUT_OFF)
    if kind < 4:
        piece = data[at : at + number]
        return (piece if kind == 2 else piece.decode()), at + number
    return (_array if kind == 4 else _map)(data, at, number, depth)


def _simple(data: bytes, at: int) -> tuple[Any, int]:
    if data[at] in _SIMPLE:
        return _SIMPLE[data[at]], at + 1
    if data[at] != _FLOAT or at + 9 > len(data):
        raise ValueError("a value that DAG-CBOR does not know, or that is cut off")
    return struct.unpack_from(">d", data, at + 1)[0], at + 9


def _number(data: bytes, at: int) -> tuple[int, int]:
    """The number that stands in, or behind, the first byte of a value."""
    low = data[at] & 31
    if low < 24:
        return low, at + 1
    if low > 27:
        raise ValueError("a value without a length")
    end = at + 1 + (1 << (low - 24))
    if end > len(data):
        raise ValueError(_CUT_OFF)
    return int.from_bytes(data[at + 1 : end], "big"), end


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    items = []
    for _ in range(count):
        item, at = _value(data, at, depth + 1)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[dict[str, Any], int]:
    members = {}
    for _ in range(count):
        name, at = _value(data, at, depth + 1)
        if not isinstance(name, str):
            raise ValueError("a name that is not text")
        members[name], at = _value(data, at, depth + 1)
    return members, at


def _link(data: bytes, at: int, tag: int) -> tuple[Link, int]:
    """A CID: bytes with a zero before them, under the tag 42."""
    if tag != _LINK_TAG or at >= len(data) or data[at] >> 5 != 2:
        raise ValueError("a tag that DAG-CBOR does not know")
    piece, end = _value(data, at, 0)
    if piece[:1] != b"\0":
        raise ValueError("a link that is not a CID")
    return Link(piece[1:]), end
