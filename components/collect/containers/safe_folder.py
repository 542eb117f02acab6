"""A folder that an archive was unpacked to: no link is followed, and nothing but files is read."""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Literal, NamedTuple

from components.collect.containers import container
from components.collect.containers.container import Container, Poses, is_systems_own, nothing_poses
from components.contracts.errors import BadInputError

Kind = Literal["file", "link", "special"]
_PROBLEMS: dict[Kind, str] = {
    "link": "is a link, and links are not followed; put the file itself in its place",
    "special": "is not a plain file; put the file itself in its place",
}
_WITHIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderMember(NamedTuple):
    """What lies in the folder."""

    path: str
    """Its place below the folder, with `/` between the parts."""
    kind: Kind


class SafeFolder(Container[FolderMember]):
    """An open folder, with all that lies below it at any depth.

    Raises:
        BadInputError: the folder cannot be read, or as for `Container`.
    """

    again = "unpack the whole zip again, or give the zip itself"

    def __init__(self, path: Path, source: str, poses: Poses = nothing_poses) -> None:
        self.unreadable: list[str] = []
        """Folders below it that could not be looked into."""
        try:
            self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise BadInputError(f"cannot read {source}: {error.strerror}") from error
        try:
            super().__init__(source, self._walk(path), container.MAX_READ, poses)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the folder."""
        os.close(self._folder)

    def _walk(self, path: Path) -> Iterator[tuple[str, FolderMember]]:
        """Everything below the folder; the systems' own folders are passed by."""
        left = [""]
        while left:
            below = left.pop()
            try:
                with os.scandir(path / below) as entries:
                    for entry in entries:
                        name = below + entry.name
                        if not entry.is_dir(follow_symlinks=False):
                            yield name, FolderMember(name, _kind(entry))
                            continue
                        yield f"{name}/", FolderMember(name, "special")
                        if not is_systems_own(entry.name):
                            left.append(f"{name}/")
            except OSError:
                self.unreadable.append(below)

    def _open(self, entry: FolderMember, where: str) -> tuple[IO[bytes], int]:
        """Each part is opened in the one before, so that nothing can be put in its way."""
        if entry.kind != "file":
            raise BadInputError(f"{where} {_PROBLEMS[entry.kind]}")
        *folders, last = entry.path.split("/")
        try:
            with ExitStack() as stack:
                within = self._folder
                for part in folders:
                    within = os.open(part, _WITHIN | os.O_DIRECTORY, dir_fd=within)
                    stack.callback(os.close, within)
                file = os.fdopen(os.open(last, _WITHIN | os.O_NONBLOCK, dir_fd=within), "rb")
        except OSError as error:
            raise BadInputError(f"cannot read {where}: {error.strerror}") from error
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):  # it was a file when the folder was looked through
            file.close()
            raise BadInputError(f"{where} {_PROBLEMS['special']}")
        return file, status.st_size


def _kind(entry: "os.DirEntry[str]") -> Kind:
    if entry.is_symlink():
        return "link"
    return "file" if entry.is_file(follow_symlinks=False) else "special"
