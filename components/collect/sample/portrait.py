"""The author's picture: sixteen rows of text, drawn large, as PNG."""

import struct
import zlib

_SCALE = 6
_COLOURS = {
    ".": (38, 94, 99),
    "h": (206, 204, 198),
    "f": (240, 205, 176),
    "g": (45, 42, 50),
    "e": (255, 255, 255),
    "m": (190, 84, 78),
    "c": (142, 50, 66),
    "b": (232, 184, 62),
}
_DRAWING = """\
......hhhh......
......hhhh......
.....hhhhhh.....
...hhhhhhhhhh...
..hhhhhhhhhhhh..
..hhffffffffhh..
..hffffffffffh..
..gggggffggggg..
..fgegeggegegf..
..fgggggfggggg..
...ffffffffff...
...fffmmmmfff...
....ffffffff....
...cccffffccc...
.cccccccccccccc.
cccccccccccbbccc
"""


def portrait() -> bytes:
    """A PNG of 96 by 96 pixels (https://www.w3.org/TR/png-3/).

    It is stored, not compressed: compressors differ between machines.
    """
    palette, rows = list(_COLOURS), _DRAWING.split()
    lines = []
    for row in rows:
        pixels = bytes(palette.index(letter) for letter in row for _ in range(_SCALE))
        lines += [b"\0" + pixels] * _SCALE
    side = len(rows) * _SCALE
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(part for colour in _COLOURS.values() for part in colour)),
            _chunk(b"IDAT", zlib.compress(b"".join(lines), 0)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + checksum
