"""Outputs that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.contracts.errors import BadInputError


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target` that becomes `target` when the block ends well.

    A failed or killed block leaves what stood at `target` as it was; the next call sweeps up
    what a killed one left beside it.

    Raises:
        BadInputError: `target` cannot be written to, or is a file.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow links
    if target.exists() and not target.is_dir():
        raise BadInputError(f"{target} is a file; name a folder to write to")
    draft, old = (target.with_name(f".{target.name}.{what}") for what in ("draft", "old"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if old.exists() and not target.exists():  # killed between the two renames below
            old.rename(target)
        for leftover in (draft, old):
            shutil.rmtree(leftover, ignore_errors=True)
        draft.mkdir()
    except PermissionError as error:
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


def require_folder(path: Path, holding: str, what: str) -> Path:
    """Return `path` if it is a folder with the file `holding`.

    Raises:
        BadInputError: it is not; the message calls it `what`.
    """
    if not (path / holding).is_file():
        raise BadInputError(f"{path} is not a {what}: it holds no {holding}")
    return path
