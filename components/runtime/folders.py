"""Outputs that appear whole or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.contracts.errors import BadInputError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def whole_folder(target: Path, *, holding: str | None = None) -> Iterator[Path]:
    """Give an empty folder beside `target` that becomes `target` when the block ends well.

    A failed or killed block leaves what stood at `target` as it was; the next call sweeps up
    what a killed one left beside it. Only an empty folder or an earlier output, which holds the
    file `holding`, is ever replaced: a slip of the hand costs nobody their home folder.

    Raises:
        BadInputError: `target` is something else, or cannot be written to.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow links
    _check_replaceable(target, holding)
    draft, old = (target.with_name(f".{target.name}.{what}") for what in ("draft", "old"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if old.exists() and not target.exists():  # killed between the two renames below
            old.rename(target)
        for leftover in (draft, old):
            shutil.rmtree(leftover, ignore_errors=True)
        draft.mkdir()
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        raise BadInputError(f"cannot write to {target.parent}: {error.strerror}") from error
    try:
        yield draft
        if target.exists():
            target.rename(old)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _check_replaceable(target: Path, holding: str | None) -> None:
    if target.is_dir():
        ours = holding is not None and (target / holding).is_file()
        if any(target.iterdir()) and not ours:
            raise BadInputError(
                f"{target} holds something else, which would be lost; name an empty folder"
            )
    elif os.path.lexists(target):
        raise BadInputError(f"{target} is a file; name a folder to write to")


def require_folder(path: Path, holding: str, what: str) -> Path:
    """Return `path` if it is a folder with the file `holding`.

    Raises:
        BadInputError: it is not; the message calls it `what`.
    """
    if not (path / holding).is_file():
        raise BadInputError(f"{path} is not a {what}: it holds no {holding}")
    return path
