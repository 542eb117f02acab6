"""What stands in a repository and what is to stand there; somebody else's work stays."""

from collections.abc import Iterable
from typing import NamedTuple

from components.contracts.errors import BadInputError
from components.contracts.pushing import Pushed, PushedFile
from components.push.hub import OWN_FILES, Head, Hub

NAMED = 5
"""How many files a sentence names."""


class There(NamedTuple):
    """What stands in the repository before a push."""

    head: Head
    record: Pushed | None
    """What an earlier push left there; None where there was none."""


class CommitChange(NamedTuple):
    """What a commit does; empty where the repository holds all of it already."""

    sent: tuple[str, ...]
    deleted: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.sent or self.deleted)


def change_of(there: There, files: Iterable[PushedFile]) -> CommitChange:
    """What makes the repository hold these files, and none of an earlier push besides.

    Where the Hub does not say which bytes a file has, it is sent: the client asks once more.
    """
    wanted = {file.path: file for file in files}
    earlier = {file.path for file in there.record.files} if there.record else set()
    return CommitChange(
        sent=tuple(sorted(path for path, file in wanted.items() if not there.head.holds(file))),
        deleted=tuple(sorted((earlier - wanted.keys()) & there.head.files.keys())),
    )


def refuse_others(hub: Hub, there: There, persona: str, files: Iterable[PushedFile]) -> None:
    """Do nothing unless a push of these files would undo somebody else's work.

    Raises:
        BadInputError: the repository holds what no push of this persona left there.
    """
    if said := _whats_wrong(there, persona, files):
        last = hub.last_change()
        raise BadInputError(
            f"{hub.to} {said}{f', changed last {last}' if last else ''}; push to another "
            "repository, or replace these files with --overwrite"
        )


def _whats_wrong(there: There, persona: str, files: Iterable[PushedFile]) -> str | None:
    head, record = there
    others = sorted(head.files.keys() - OWN_FILES)
    if record is None:
        return f"holds files that huggingtweets did not push ({_few(others)})" if others else None
    if record.persona != persona:
        return f"holds {record.persona}@{record.version}, another persona than {persona}"
    changed = [file.path for file in record.files if head.holds(file) is False]
    if changed:
        earlier = f"{record.persona}@{record.version}"
        return f"is not as the push of {earlier} left it ({_few(changed)})"
    ours = {file.path for file in record.files}
    added = [one for one in files if one.path in head.files and one.path not in ours]
    if in_the_way := [one.path for one in added if head.holds(one) is False]:
        return (
            f"holds files that somebody added where this version has its own ({_few(in_the_way)})"
        )
    return None


def _few(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
