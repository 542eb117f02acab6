"""Zips from strangers: which members may be read, and how."""

import io
import re
import stat
import struct
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path
from typing import IO

from components.runtime.closing import Closing
from components.runtime.zip_names import AnyNames

MAX_RATIO = 200
"""Unpacked to packed, of one member and of all that is read: more is a bomb."""
SMALL = 1 << 20
"""Bytes: what is no bigger may shrink as it likes."""
DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    EOFError,
    OSError,
    IndexError,
    struct.error,
    zlib.error,
)
"""What opening and reading a damaged zip raises."""
_ENCRYPTED = 0x1 | 0x40
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DRIVE = re.compile(r"[A-Za-z]:")
"""How Windows begins a name that leads out."""


class ZipProblem(StrEnum):
    """Why a member is not read, by what the zip states of it."""

    ENCRYPTED = "is encrypted"
    LINK = "is a link, and links are not followed"
    METHOD = "is packed in a way that is not read"
    BOMB = f"unpacks to more than {MAX_RATIO} times its packed size"


class StrangersZip(Closing):
    """An open zip, whose names may be of any encoding.

    Raises:
        DAMAGE: it is no zip, or is cut off.
    """

    def __init__(self, path: Path) -> None:
        self._file = AnyNames(io.FileIO(path))
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._file.opening = False
            self.most = path.stat().st_size * MAX_RATIO + SMALL
            """The bytes that all members together may unpack to."""
        except BaseException:
            self._file.close()
            raise

    @property
    def members(self) -> list[zipfile.ZipInfo]:
        """All members, folders too. `filename` ends at a zero byte; `orig_filename` is stated."""
        return self._zip.infolist()

    def open(self, member: zipfile.ZipInfo) -> IO[bytes]:
        """Open a member in which `zip_problem_of` finds no problem; raises one of DAMAGE."""
        return self._zip.open(member)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def zip_problem_of(member: zipfile.ZipInfo) -> ZipProblem | None:
    """What is wrong with a member by what the zip states of it."""
    if member.flag_bits & _ENCRYPTED:
        return ZipProblem.ENCRYPTED
    if stat.S_ISLNK(member.external_attr >> 16):
        return ZipProblem.LINK
    if member.compress_type not in _METHODS:
        return ZipProblem.METHOD
    if member.file_size > member.compress_size * MAX_RATIO + SMALL:
        return ZipProblem.BOMB
    return None


def plain_name(stated: str) -> str | None:
    """The name with `/` between its parts; None where it leads out or is not the same everywhere.

    Windows' tools write `\\`, and others begin every name with `./`.
    """
    name = stated.replace("\\", "/").removeprefix("./")
    return (
        None
        if DRIVE.match(name) or "\0" in name or {"", ".", ".."} & set(name.split("/"))
        else name
    )
