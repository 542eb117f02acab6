"""The bytes of a zip, for `zipfile`, which gives a whole zip up for one name that is no UTF-8."""

import io
import struct

_ENTRY = b"PK\x01\x02"  # APPNOTE.TXT 4.3.12, Central directory structure
_FLAGS, _LENGTHS_AT, _NAME = 9, 28, 46
_LENGTHS = struct.Struct("<HHH")
_UTF_8 = 0x08  # in the upper byte of the flags


class AnyNames(io.BufferedReader):
    """A zip's file, in whose table of contents no name says of itself that it is UTF-8 and is not.

    Such a name is then read as cp437, which every name can be. What the members hold is as it is.
    """

    opening = True
    """Whether the table of contents is still to be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As any file's; see the class."""
        data = super().read(size)
        return _mended(data) if self.opening and data.startswith(_ENTRY) else data


def _mended(table: bytes) -> bytes:
    mended, at = bytearray(table), 0
    while table.startswith(_ENTRY, at) and at + _NAME <= len(table):
        name, extra, comment = _LENGTHS.unpack_from(table, at + _LENGTHS_AT)
        if not _is_utf_8(table[at + _NAME : at + _NAME + name]):
            mended[at + _FLAGS] &= ~_UTF_8
        at += _NAME + name + extra + comment
    return bytes(mended)


def _is_utf_8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
