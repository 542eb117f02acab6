"""The archive's table of contents, and whether it agrees with what is there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.collect.archive.files import ArchiveFiles
from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.posts import is_number
from components.contracts.errors import BadInputError

_KINDS = {
    "tweets": "posts",
    "tweet": "posts",
    "noteTweet": "notes",
    "account": "account",
    "profile": "profile",
}


@dataclass(frozen=True)
class ArchiveManifest:
    """What `manifest.js` states of what is read here; empty where there is no manifest."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """How many entries each member of posts and notes holds, where it says so."""
    user: Mapping[str, Any] = field(default_factory=dict)
    """The owner: `userName`, `accountId`, `displayName`."""
    partial: bool = False
    """Whether this zip is one of several that make up the archive."""

    def agrees(self, read: Mapping[str, int]) -> bool:
        """Whether the members hold as many entries as the manifest states, each of them."""
        return bool(self.counts) and {**read, **self.counts} == dict(read)


def read_archive_manifest(files: ArchiveFiles) -> ArchiveManifest:
    """Read the manifest and check that what it names is there and may be read.

    Raises:
        BadInputError: a file of posts, notes or the account is missing, or is named as one and
            is none: reading on would give other posts than the archive states.
    """
    if not files.members.manifest:
        return ArchiveManifest()
    member = files.members.manifest[0]
    value = as_object(files.value(member, "__THAR_CONFIG"))
    counts = {}
    for data_type, stated, count in _named_files(value):
        kind = _KINDS[data_type]
        name = _member(stated, getattr(files.members, kind))
        if name is None:
            raise BadInputError(
                f"{files.where(member)} names {stated[:100]!r} for its {data_type}, and there is "
                f"no such file to read; {files.container.again}"
            )
        if kind in ("posts", "notes") and is_number(count):
            counts[name] = int(count)
    info = as_object(value.get("archiveInfo"))
    return ArchiveManifest(
        counts=counts,
        user=as_object(value.get("userInfo")),
        partial=info.get("isPartialArchive") in (True, "true"),
    )


def _named_files(manifest: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The data type, name and count of each file of the kinds that are read."""
    types = as_object(manifest.get("dataTypes"))
    for data_type in _KINDS:
        for file in as_objects(as_object(types.get(data_type)).get("files")):
            yield data_type, as_text(file.get("fileName")), as_text(file.get("count"))


def _member(stated: str, allowed: tuple[str, ...]) -> str | None:
    """The member that the manifest means: it writes `data/` even where old zips have none."""
    names = (stated, stated.removeprefix("data/"))
    return next((name for name in names if name in allowed), None)


def disagreements(manifest: ArchiveManifest, read: Mapping[str, int]) -> list[str]:
    """Sentences about the files with another number of entries than the manifest states.

    One for those that it does not know, and one for the rest, each with its first file.
    """
    unknown = [name for name in read if name not in manifest.counts]
    other = [name for name in read if manifest.counts.get(name, read[name]) != read[name]]
    unlisted = [
        f"no manifest.js states how many entries {name} holds; it has {read[name]:,}"
        for name in unknown
    ]
    wrong = [
        f"{name} holds {read[name]:,} entries where manifest.js states {manifest.counts[name]:,}: "
        "the archive may be incomplete; download it again to be sure"
        for name in other
    ]
    return [*_first(unlisted), *_first(wrong)]


def _first(said: list[str]) -> list[str]:
    """The first sentence alone, and how many there are like it."""
    more = f" (and so for {len(said) - 1} more files)" if len(said) > 1 else ""
    return [sentence + more for sentence in said[:1]]
