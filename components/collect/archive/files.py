"""The open archive: what it lies in, what may be read of it, and what messages call it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from components.collect.archive.assignments import parse_assignment, parse_entries
from components.collect.archive.members import Members, find_members, folders_of_posts, is_disguised
from components.collect.archive.refusals import why_no_posts, why_several
from components.collect.containers.container import Container, Member
from components.collect.containers.safe_folder import SafeFolder
from components.collect.containers.safe_zip import SafeZip
from components.collect.posts import shown
from components.contracts.errors import BadInputError

Listed = Literal["posts", "notes", "account", "profile"]
_SHAPES: dict[Listed, tuple[str, str]] = {
    "posts": (r"YTD\.tweets?\.part\d+", "tweet"),
    "notes": (r"YTD\.note_tweet\.part\d+", "noteTweet"),
    "account": (r"YTD\.account\.part\d+", "account"),
    "profile": (r"YTD\.profile\.part\d+", "profile"),
}


@dataclass(frozen=True)
class ArchiveFiles:
    """An open archive; its members are named below its root."""

    container: Container[Any]
    members: Members
    source: str

    def open(self, member: str) -> AbstractContextManager[Member]:
        """Open a member, to be read in pieces; see `Container.open`."""
        return self.container.open(self.members.root + member)

    def read(self, member: str, limit: int) -> bytes:
        """The bytes of a member, `limit` at most; see `Container.read`."""
        return self.container.read(self.members.root + member, limit)

    def entries(self, kind: Listed) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
        """Each member of this kind with its entries, one at a time."""
        names, wrapper = _SHAPES[kind]
        for member in getattr(self.members, kind):
            with self.open(member) as file:
                yield member, parse_entries(file.read, self.where(member), names, wrapper)

    def only_entry(self, kind: Listed) -> dict[str, Any]:
        """The one entry of the account or the profile; empty where there is none."""
        return next((entry for _, entries in self.entries(kind) for entry in entries), {})

    def value(self, member: str, name: str) -> Any:
        """The value that a member assigns to `name`."""
        data = self.container.read(self.members.root + member)
        return parse_assignment(data, self.where(member), name)

    def where(self, member: str) -> str:
        """What messages call a member."""
        return f"{self.source}: {shown(member)}"


@contextmanager
def open_archive(path: Path, source: str) -> Iterator[ArchiveFiles]:
    """Open the zip or the folder at `path`, which holds one archive; messages call it `source`.

    Raises:
        BadInputError: it is no whole zip, holds no file of posts, or those of several archives.
    """
    with _open_container(path, source) as container:
        names = container.names
        folders = folders_of_posts(set(names))
        if not folders:
            raise BadInputError(_why_no_posts(container, names))
        if len(folders) > 1:
            raise BadInputError(why_several(source, folders, folder=path.is_dir()))
        yield ArchiveFiles(container, find_members(names, folders[0]), source)


def _open_container(path: Path, source: str) -> SafeZip | SafeFolder:
    return (SafeFolder if path.is_dir() else SafeZip)(path, source, is_disguised)


def _why_no_posts(container: SafeZip | SafeFolder, names: list[str]) -> str:
    folder = isinstance(container, SafeFolder)
    said = why_no_posts(container.source, names, folder=folder)
    if isinstance(container, SafeFolder) and container.unreadable:
        return f"{said} ({shown(container.unreadable[0])!r} in it cannot be read)"
    return said
