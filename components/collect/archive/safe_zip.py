"""A zip from a stranger: checked as a whole first, then read member by member within limits."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from components.collect.posts import shown
from components.contracts.errors import BadInputError

MAX_MEMBERS = 500_000
MAX_MEMBER = 64 << 20
"""Bytes of one member that is read as a whole."""
MAX_READ = 8 << 30
"""Bytes read from one zip altogether; X cuts its files of posts at about 100 MB."""
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


class Member(io.RawIOBase):
    """A member of a zip that is open for reading; what is wrong with it shows as it is read.

    Raises:
        BadInputError: the member is damaged, or not as long as the zip states.
    """

    def __init__(self, file: IO[bytes], where: str, size: int) -> None:
        self._file, self._where, self._left = file, where, size

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most so many further bytes; none at the end."""
        with _damage_said(self._where):
            data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0 or (self._left and not data):
            raise BadInputError(
                f"{self._where} is not as long as the zip states; download the archive again"
            )
        return data

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, as far as it goes; gives the number of bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


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
        with self.open(name, limit) as file:
            return file.read(limit + 1)

    @contextmanager
    def open(self, name: str, limit: int = MAX_READ) -> Iterator["Member"]:
        """Open one member of at most `limit` bytes, to be read in pieces.

        Raises:
            BadInputError: as `read`; damage may show when it is read.
        """
        member = self._members[name]
        if member.file_size > min(limit, self._left):
            raise BadInputError(
                f"{self._source}: {name} unpacks to {member.file_size:,} bytes, "
                f"more than the {min(limit, self._left):,} that are read"
            )
        if member.compress_type not in _METHODS:
            raise BadInputError(
                f"{self._source}: {name} is packed in a way that X does not use; "
                "download the archive again"
            )
        self._left -= member.file_size
        where = f"{self._source}: {name}"
        with _damage_said(where):
            file = self._zip.open(member)
        with file:
            yield Member(file, where, member.file_size)

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


@contextmanager
def _damage_said(where: str) -> Iterator[None]:
    """Say what is wrong with a zip in one sentence."""
    try:
        yield
    except _DAMAGE as error:
        raise BadInputError(
            f"{where} is damaged ({shown(str(error))}); download the archive again"
        ) from error


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
