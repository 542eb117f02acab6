"""The few members of an archive that are read. Nothing that is not named here is ever opened."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from components.runtime.zips import DRIVE

POSTS = r"tweets?(-part\d{1,4})?\.js"
POSTS_CSV = "tweets.csv"
USER_DETAILS = "data/js/user_details.js"
_PATTERNS = {  # in one folder with the posts
    "manifest": r"manifest\.js",
    "posts": POSTS,
    "notes": r"note-tweet(-part\d{1,4})?\.js",
    "account": r"account\.js",
    "profile": r"profile\.js",
    "pictures": r"profile_media/[^/\ud800-\udfff]+",  # a name that no zip can state is no picture's
}
_BEFORE_2019 = {"posts_csv": re.escape(POSTS_CSV), "user_details": re.escape(USER_DETAILS)}
_READ = re.compile(rf"(.*/)?({'|'.join({**_PATTERNS, **_BEFORE_2019}.values())})", re.DOTALL)
_IN_DATA = re.compile(r"(?P<root>(.*/)?)data/", re.DOTALL)


@dataclass(frozen=True)
class Members:
    """The names of the members that may be read, by what they hold, below the archive's root."""

    root: str
    """The folder that the archive lies in, with its slash; empty as X packs it."""
    manifest: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    posts_csv: tuple[str, ...] = ()
    user_details: tuple[str, ...] = ()


def is_read(name: str) -> bool:
    """Whether a member of this name would be read of an archive in some folder."""
    return _READ.fullmatch(name) is not None


def is_disguised(stated: str) -> bool:
    """Whether a file's name that is not plain poses as one of a member that is read."""
    name = DRIVE.sub("", stated.partition("\0")[0].replace("\\", "/"), count=1)
    plain = "/".join(part for part in name.split("/") if part not in ("", ".", ".."))
    return not name.endswith("/") and is_read(plain)


def folders_of_posts(names: Collection[str]) -> list[str]:
    """The folders, each with its slash, whose posts are to be read: one for each archive.

    A copy of some posts beside the folder `data` is no archive of its own, nor is any `tweets.csv`
    beside posts of today's kind, unless what else an archive holds lies with it.
    """
    today = _folders_of(POSTS, names)
    old = _folders_of(_BEFORE_2019["posts_csv"], names)
    roots = {match["root"] for folder in today if (match := _IN_DATA.fullmatch(folder))}
    copies = {folder for folder in today & roots if folder + "account.js" not in names}
    if today:
        old = {folder for folder in old - today - roots if folder + USER_DETAILS in names}
    return sorted((today - copies) | old)


def _folders_of(pattern: str, names: Collection[str]) -> set[str]:
    wanted = re.compile(pattern)
    parts = (name.rpartition("/") for name in names)
    return {folder + slash for folder, slash, last in parts if wanted.fullmatch(last)}


def find_members(names: Sequence[str], folder: str) -> Members:
    """What may be read among the members called `names` of the archive with its posts in `folder`.

    Old archives, and the folder `data` by itself, have their members at the root.
    """
    inner = [name.removeprefix(folder) for name in names if name.startswith(folder)]
    if not any(re.fullmatch(POSTS, name) for name in inner):
        return Members(folder, **_matching(_BEFORE_2019, inner, ""))
    in_data = _IN_DATA.fullmatch(folder)
    root, data = (in_data["root"], "data/") if in_data else (folder, "")
    return Members(root, **_matching(_PATTERNS, inner, data))


def _matching(
    patterns: dict[str, str], names: Sequence[str], start: str
) -> dict[str, tuple[str, ...]]:
    return {
        kind: tuple(start + name for name in names if re.fullmatch(pattern, name))
        for kind, pattern in patterns.items()
    }


def as_packed_today(name: str) -> str:
    """Where X puts a member now: one that lies at the root of an old archive goes to `data/`."""
    return name if name.startswith("data/") or name == POSTS_CSV else f"data/{name}"
