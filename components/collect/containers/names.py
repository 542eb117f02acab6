"""Names that systems give to what is theirs."""

_SYSTEM_FOLDERS = ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "#recycle")
"""Where systems keep copies and attributes of files, under the files' own names."""


def is_systems_own(part: str) -> bool:
    """Whether what is called so is hidden or a system's own: no archive is looked for in it."""
    return part.startswith(".") or part in _SYSTEM_FOLDERS
