"""The few members of an archive that are read. Nothing that is not named here is ever opened."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PATTERNS = {
    "manifest": r"(data/)?manifest\.js",
    "posts": r"(data/)?tweets?(-part\d{1,4})?\.js",
    "notes": r"(data/)?note-tweet(-part\d{1,4})?\.js",
    "account": r"(data/)?account\.js",
    "profile": r"(data/)?profile\.js",
    "pictures": r"(data/)?profile_media/[^/]+",
    "posts_csv": r"tweets\.csv",  # before 2019
    "user_details": r"data/js/user_details\.js",  # before 2019
}
_SYSTEM_JUNK = "__MACOSX/"


@dataclass(frozen=True)
class Members:
    """The names of the members that may be read, by what they hold."""

    root: str
    """The folder that the whole archive lies in, with its slash; empty as X packs it."""
    manifest: tuple[str, ...]
    posts: tuple[str, ...]
    notes: tuple[str, ...]
    account: tuple[str, ...]
    profile: tuple[str, ...]
    pictures: tuple[str, ...]
    posts_csv: tuple[str, ...]
    user_details: tuple[str, ...]


def find_members(names: Sequence[str]) -> Members:
    """What may be read among the members called `names`."""
    root = _root(names)
    inner = [name.removeprefix(root) for name in names if name.startswith(root)]
    found = {
        kind: tuple(root + name for name in inner if re.fullmatch(pattern, name))
        for kind, pattern in _PATTERNS.items()
    }
    return Members(root=root, **found)


def _root(names: Sequence[str]) -> str:
    """The one folder that holds everything, as where an unpacked archive was packed again."""
    tops = {name.split("/")[0] for name in names if not name.startswith(_SYSTEM_JUNK)}
    inside = all("/" in name for name in names)
    return f"{tops.pop()}/" if inside and len(tops) == 1 and tops != {"data"} else ""
