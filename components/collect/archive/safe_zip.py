"""A zip from a stranger: checked as a whole first, then read member by member within limits."""

import re
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

from components.contracts.errors import BadInputError

MAX_MEMBERS = 500_000
MAX_MEMBER = 256 << 20
"""Bytes of one member that is read; X cuts its files at about 100 MB."""
MAX_READ = 4 << 30
"""Bytes read from one zip altogether."""
MAX_RATIO = 200
"""Unpacked to packed; posts reach about 15."""
_SMALL = 1 << 20  # what is no bigger than this may shrink as it likes
_ENCRYPTED = 0x1 | 0x40
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (
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


class SafeZip:
    """An open zip whose members' names and sizes are sane.

    Raises:
        BadInputError: it is no zip, is cut off, or holds what a real archive never does:
            encrypted members, names that lead out of it, doubled names, a bomb.
    """

    def __init__(self, path: Path, source: str) -> None:
        self._source = source
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise BadInputError(_why_no_zip(path, source)) from error
        try:
            self._members = {member.orig_filename: member for member in self._zip.infolist()}
            self._check(path.stat().st_size)
        except BaseException:
            self._zip.close()
            raise
        self._left = MAX_READ

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """The members' names, sorted."""
        return sorted(self._members)

    def read(self, name: str, limit: int = MAX_MEMBER) -> bytes:
        """The bytes of one member, `limit` at most.

        Raises:
            BadInputError: it is bigger, damaged, or packed in a way that X does not use.
        """
        member = self._members[name]
        limit = min(limit, self._left)
        if member.file_size > limit:
            raise BadInputError(
                f"{self._source}: {name} unpacks to {member.file_size:,} bytes, "
                f"more than the {limit:,} that are read"
            )
        if member.compress_type not in _METHODS:
            raise BadInputError(
                f"{self._source}: {name} is packed in a way that X does not use; "
                "download the archive again"
            )
        try:
            with self._zip.open(member) as file:
                data = file.read(limit + 1)
        except _DAMAGE as error:
            raise BadInputError(
                f"{self._source}: {name} is damaged ({error}); download the archive again"
            ) from error
        if len(data) != member.file_size:
            raise BadInputError(
                f"{self._source}: {name} is not as long as the zip states; "
                "download the archive again"
            )
        self._left -= len(data)
        return data

    def _check(self, size: int) -> None:
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS:
            raise BadInputError(
                f"{self._source} holds {len(members):,} files, more than the "
                f"{MAX_MEMBERS:,} that are accepted"
            )
        if len(self._members) < len(members):
            raise BadInputError(
                f"{self._source} holds two files of the same name; download the archive again"
            )
        for member in members:
            if problem := _problem(member):
                raise BadInputError(
                    f"{self._source}: {member.orig_filename[:100]!r} {problem}; "
                    "this is not as X packs archives"
                )
        if sum(member.file_size for member in members) > size * MAX_RATIO + _SMALL:
            raise BadInputError(
                f"{self._source} unpacks to more than {MAX_RATIO} times its size; "
                "this is not as X packs archives"
            )


def _problem(member: zipfile.ZipInfo) -> str | None:
    """What is wrong with a member by what the zip states of it."""
    if not _is_safe(member.orig_filename):
        return "is a name that leads out of the archive"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if member.file_size > member.compress_size * MAX_RATIO + _SMALL:
        return f"unpacks to more than {MAX_RATIO} times its packed size"
    return None


def _is_safe(name: str) -> bool:
    """Whether `name` is relative, made of plain parts, and the same on every system."""
    parts = name.removesuffix("/").split("/")
    return (
        not re.match(r"[A-Za-z]:", name)
        and "\\" not in name
        and "\0" not in name
        and not {"", ".", ".."} & set(parts)
    )


def _why_no_zip(path: Path, source: str) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PK\x03\x04":
        return f"{source} is a zip that is cut off or damaged; download it again"
    return f"{source} is not a zip; give the file that X lets you download, as it is"
