"""A zip from a stranger, read member by member within limits."""

import io
import stat
import zipfile
from pathlib import Path
from typing import IO

from components.collect.archive import container
from components.collect.archive.container import DAMAGE, Container, damage_said
from components.collect.archive.refusals import why_no_zip
from components.collect.archive.zip_names import AnyNames
from components.contracts.errors import BadInputError

MAX_RATIO = 200
"""Unpacked to packed, of one member and of all that is read; posts reach about 15."""
_SMALL = 1 << 20  # what is no bigger than this may shrink as it likes
_ENCRYPTED = 0x1 | 0x40
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class SafeZip(Container[zipfile.ZipInfo]):
    """An open zip.

    Raises:
        BadInputError: it is no zip, is cut off, or as for `Container`.
    """

    again = "download the archive again"

    def __init__(self, path: Path, source: str) -> None:
        self._file = AnyNames(io.FileIO(path))
        try:
            self._zip = _opened(self._file, path, source)
            # zipfile's own `filename` ends at a zero byte
            stated = ((member.orig_filename, member) for member in self._zip.infolist())
            most = path.stat().st_size * MAX_RATIO + _SMALL
            super().__init__(source, stated, min(container.MAX_READ, most))
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _open(self, entry: zipfile.ZipInfo, where: str) -> tuple[IO[bytes], int]:
        if problem := _problem(entry):
            raise BadInputError(f"{where} {problem}")
        with damage_said(where, self.again):
            return self._zip.open(entry), entry.file_size


def _opened(file: AnyNames, path: Path, source: str) -> zipfile.ZipFile:
    try:
        opened = zipfile.ZipFile(file)
    except DAMAGE as error:
        raise BadInputError(why_no_zip(path, source)) from error
    file.opening = False
    return opened


def _problem(member: zipfile.ZipInfo) -> str | None:
    """What is wrong with a member by what the zip states of it, and what to do."""
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted; unpack the zip with its password and give the folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link, and links are not followed; pack the file itself"
    if member.compress_type not in _METHODS:
        return "is packed in a way that is not read; unpack the zip and give the folder"
    if member.file_size > member.compress_size * MAX_RATIO + _SMALL:
        return (
            f"unpacks to more than {MAX_RATIO} times its packed size; "
            "this is not as X packs archives"
        )
    return None
