"""The open archive: its zip, what may be read of it, and what messages call it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from components.collect.archive.assignments import parse_assignment, parse_entries
from components.collect.archive.members import Members
from components.collect.archive.safe_zip import SafeZip

Listed = Literal["posts", "notes", "account", "profile"]
_SHAPES: dict[Listed, tuple[str, str]] = {
    "posts": (r"YTD\.tweets?\.part\d+", "tweet"),
    "notes": (r"YTD\.note_tweet\.part\d+", "noteTweet"),
    "account": (r"YTD\.account\.part\d+", "account"),
    "profile": (r"YTD\.profile\.part\d+", "profile"),
}


@dataclass(frozen=True)
class ArchiveFiles:
    """An open archive."""

    zip: SafeZip
    members: Members
    source: str

    def entries(self, kind: Listed) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
        """Each member of this kind with its entries, one at a time."""
        names, wrapper = _SHAPES[kind]
        for member in getattr(self.members, kind):
            with self.zip.open(member) as file:
                yield member, parse_entries(file.read, self.where(member), names, wrapper)

    def only_entry(self, kind: Listed) -> dict[str, Any]:
        """The one entry of the account or the profile; empty where there is none."""
        return next((entry for _, entries in self.entries(kind) for entry in entries), {})

    def value(self, member: str, name: str) -> Any:
        """The value that a member assigns to `name`."""
        return parse_assignment(self.zip.read(member), self.where(member), name)

    def where(self, member: str) -> str:
        """What messages call a member."""
        return f"{self.source}: {member}"
