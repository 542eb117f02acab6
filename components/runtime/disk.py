"""A disk that takes no more: how to tell, and what to say."""

import errno
import os

FULL = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "your share of the disk is full; free some space",
    errno.EFBIG: "the disk takes no file as large as this; raise the limit (`ulimit -f`)",
}
"""The operating system's numbers for it, and what helps."""


def is_disk_full(error: BaseException) -> bool:
    """Whether `error` says that nothing more can be written.

    Libraries in Rust state the operating system's number in words, others its message.
    """
    return _number(error) in FULL


def said_of_full_disk(error: BaseException) -> str:
    """The sentence for such an error."""
    where = getattr(error, "filename2", None) or getattr(error, "filename", None)
    at = f" (at {os.fsdecode(where)})" if isinstance(where, str | bytes) else ""
    return f"{FULL[_number(error) or errno.ENOSPC]}, or set TMPDIR, and run again{at}"


def _number(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno in FULL:
        return error.errno
    said = str(error)
    for number in FULL:
        if f"(os error {number})" in said or os.strerror(number) in said:
            return number
    return None
