"""What an archive lies in, a zip or a folder: members opened one by one, within limits."""

import io
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, ClassVar, Generic, TypeVar

from components.collect.posts import shown
from components.contracts.errors import BadInputError
from components.runtime.closing import Closing
from components.runtime.zips import DAMAGE, plain_name

MAX_MEMBERS = 500_000
MAX_MEMBER = 64 << 20
"""Bytes of one member that is read as a whole."""
MAX_READ = 8 << 30
"""Bytes read from one archive altogether; X cuts its files of posts at about 100 MB."""
Entry = TypeVar("Entry")
Poses = Callable[[str], bool]
_SYSTEM_FOLDERS = ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "#recycle")
"""Where systems keep copies and attributes of files, under the files' own names."""


def nothing_poses(stated: str) -> bool:
    """Where no member is read for its name, none poses as one."""
    return False


class Member(io.RawIOBase):
    """A member that is open for reading; what is wrong with it shows as it is read.

    Raises:
        BadInputError: the member is damaged, or not of the size that is stated for it.
    """

    def __init__(self, file: IO[bytes], where: str, size: int, again: str) -> None:
        self._file, self._where, self._left, self._again = file, where, size, again

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most so many further bytes; none at the end."""
        with damage_said(self._where, self._again):
            data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0 or (self._left and not data):
            raise BadInputError(f"{self._where} is not as long as is stated; {self._again}")
        return data

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, as far as it goes; gives the number of bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Container(Closing, Generic[Entry]):
    """Named members, of which any can be opened while the container is open.

    Members that nobody opens may be as odd as they like.

    Args:
        source: what messages call it.
        stated: the members' names as the container has them; those of folders end with a slash.
        most: the bytes read at most.
        poses: whether a name that leads out poses as that of a member that is read.

    Raises:
        BadInputError: there are too many members, or a name leads out and poses as one that is
            read.
    """

    again: ClassVar[str]
    """What to do where a member is damaged."""

    def __init__(
        self, source: str, stated: Iterable[tuple[str, Entry]], most: int, poses: Poses
    ) -> None:
        self.source = source
        self._left, self._poses = most, poses
        self._members: dict[str, list[Entry]] = {}
        for number, (name, entry) in enumerate(stated, 1):
            if number > MAX_MEMBERS:
                raise BadInputError(
                    f"{source} holds more than the {MAX_MEMBERS:,} files that are accepted; "
                    "give the archive alone"
                )
            self._take(name, entry)

    def _take(self, stated: str, entry: Entry) -> None:
        name = plain_name(stated)
        if name is None and self._poses(stated):
            raise BadInputError(
                f"{self.source}: {shown(stated)!r} is a name that leads out of the archive; "
                "this is not as X packs archives"
            )
        if name is not None and not any(map(is_systems_own, name.split("/"))):
            self._members.setdefault(name, []).append(entry)

    @property
    def names(self) -> list[str]:
        """The names of the members that may be read, sorted, with `/` between their parts."""
        return sorted(self._members)

    def read(self, name: str, limit: int = MAX_MEMBER) -> bytes:
        """The bytes of one member, `limit` at most.

        Raises:
            BadInputError: as `open` does.
        """
        with self.open(name, limit) as file:
            return file.read(limit + 1)

    @contextmanager
    def open(self, name: str, limit: int | None = None) -> Iterator[Member]:
        """Open one member of at most `limit` bytes, to be read in pieces.

        Raises:
            BadInputError: it is bigger, doubled, a link, encrypted, packed beyond belief or
                damaged; damage may show when it is read.
        """
        where = f"{self.source}: {shown(name, 200)}"
        entries = self._members[name]
        if len(entries) > 1:
            raise BadInputError(f"{where} is there twice, under the same name; {self.again}")
        file, size = self._open(entries[0], where)
        with file:
            most = self._left if limit is None else min(limit, self._left)
            if size > most:
                raise BadInputError(
                    f"{where} unpacks to {size:,} bytes, more than the {most:,} that are read"
                )
            self._left -= size
            yield Member(file, where, size, self.again)

    @abstractmethod
    def _open(self, entry: Entry, where: str) -> tuple[IO[bytes], int]:
        """The member open for reading, and its size in bytes."""


@contextmanager
def damage_said(where: str, again: str) -> Iterator[None]:
    """Say what is wrong with a member in one sentence."""
    try:
        yield
    except DAMAGE as error:
        raise BadInputError(f"{where} is damaged ({shown(str(error))}); {again}") from error


def is_systems_own(part: str) -> bool:
    """Whether what is called so is hidden or a system's own: no archive is looked for in it."""
    return part.startswith(".") or part in _SYSTEM_FOLDERS
