"""The posts as people read and edit them: `posts.txt` and `people.json`, see README.md."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from components.contracts.errors import BadInputError

POSTS = Path(__file__).with_name("posts.txt")
PEOPLE = Path(__file__).with_name("people.json")
LIMIT = 280
"""Characters of a post; what is longer is a note."""

_HEADER = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d)((?: [\w=-]+)*)")
_EDITED = re.compile(r"~ edited (\d+) minutes? later")


@dataclass(frozen=True)
class InventedVersion:
    """What a post said from some moment on."""

    at: datetime
    """In UTC, to the minute."""
    text: str
    """Plain: no escapes, links in full."""


@dataclass(frozen=True)
class SamplePost:
    """One post with its edits."""

    versions: tuple[InventedVersion, ...]
    """The first one and each edit."""
    marks: frozenset[str]
    """`near=NAME`: a deliberate near-duplicate of its namesakes; `cut-off`: it ends in mid-air."""

    @property
    def text(self) -> str:
        """What it says in the end."""
        return self.versions[-1].text

    @property
    def kind(self) -> str:
        """`repost`, `reply`, `note` or `original`."""
        if self.text.startswith("RT @"):
            return "repost"
        if self.text.startswith("@"):
            return "reply"
        return "note" if len(self.text) > LIMIT else "original"


def read_invented_posts(path: Path = POSTS) -> tuple[SamplePost, ...]:
    """The posts of the file, in its order.

    Raises:
        BadInputError: a block does not begin with a time; the message shows the line.
    """
    blocks = re.split(r"\n{2,}", path.read_text(encoding="utf-8").strip("\n"))
    return tuple(_post(block.split("\n"), path) for block in blocks)


def read_people() -> dict[str, Any]:
    """`author`: the account's facts; `others`: the display name of each handle that occurs."""
    people: dict[str, Any] = json.loads(PEOPLE.read_text(encoding="utf-8"))
    return people


def _post(lines: list[str], path: Path) -> SamplePost:
    header = _HEADER.fullmatch(lines[0])
    if not header or len(lines) == 1:
        raise BadInputError(
            f"{path}: a post begins with a line as '2024-03-01 09:14', not with {lines[0]!r}"
        )
    start = datetime.strptime(header[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return SamplePost(tuple(_versions(start, lines[1:])), frozenset(header[2].split()))


def _versions(at: datetime, lines: list[str]) -> Iterator[InventedVersion]:
    """The versions in these lines; the times of edits count from the first version."""
    start, said = at, list[str]()
    for line in lines:
        if edited := _EDITED.fullmatch(line):
            yield InventedVersion(at, "\n".join(said))
            at, said = start + timedelta(minutes=int(edited[1])), []
        else:
            said.append(line)
    yield InventedVersion(at, "\n".join(said))
