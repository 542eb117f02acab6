"""Names of members, as zips from anywhere and folders on any system state them."""

import re

from components.collect.archive.members import is_read

_DRIVE = re.compile(r"[A-Za-z]:")
_SYSTEM_FOLDERS = ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "#recycle")
"""Where systems keep copies and attributes of files, under the files' own names."""


def plain_name(stated: str) -> str | None:
    """The name with `/` between its parts; None where it leads out or is not the same everywhere.

    Windows' tools write `\\`, and others begin every name with `./`.
    """
    name = stated.replace("\\", "/").removeprefix("./")
    return (
        None
        if _DRIVE.match(name) or "\0" in name or {"", ".", ".."} & set(name.split("/"))
        else name
    )


def is_disguised(stated: str) -> bool:
    """Whether a file's name that is not plain poses as one of a member that is read."""
    name = _DRIVE.sub("", stated.partition("\0")[0].replace("\\", "/"), count=1)
    plain = "/".join(part for part in name.split("/") if part not in ("", ".", ".."))
    return not name.endswith("/") and is_read(plain)


def is_systems_own(part: str) -> bool:
    """Whether what is called so is hidden or a system's own: no archive is looked for in it."""
    return part.startswith(".") or part in _SYSTEM_FOLDERS
