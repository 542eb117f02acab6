"""Outputs that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from components.contracts.errors import BadInputError
from components.runtime.disk import is_disk_full
from components.runtime.lock import hold


@contextmanager
def whole_folder(target: Path, *, holding: str | None = None) -> Iterator[Path]:
    """Give an empty folder beside `target` that becomes `target` when the block ends well.

    A failed or killed block leaves what stood at `target` as it was; the next call sweeps up
    what a killed one left beside it. Only an empty folder or an earlier output, which holds the
    file `holding`, is ever replaced: a slip of the hand costs nobody their home folder.

    Raises:
        BadInputError: `target` is something else, cannot be written to, or is being written by
            another process.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow links
    draft, old = (target.with_name(f".{target.name}.{what}") for what in ("draft", "old"))
    with _alone_with(draft, target):
        try:
            check_replaceable(target, holding)
            if old.exists() and not target.exists():  # killed between the two renames below
                old.rename(target)
            shutil.rmtree(old, ignore_errors=True)
            yield draft
            if target.exists():
                target.rename(old)
            draft.rename(target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _alone_with(draft: Path, target: Path) -> Iterator[None]:
    """Make the empty folder `draft` and hold it; a killed holder's one is taken over.

    The lock is on the folder itself, so it goes where the folder goes and dies with its process.
    """
    handle = None
    try:
        while handle is None:
            draft.mkdir(parents=True, exist_ok=True)
            handle = _lock(draft, target)
        for leftover in draft.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    except OSError as error:
        if is_disk_full(error):
            raise
        raise BadInputError(f"cannot write to {target.parent}: {error.strerror}") from error
    try:
        yield
    finally:
        os.close(handle)


def _lock(draft: Path, target: Path) -> int | None:
    """Lock the folder; None where another process has just moved it to its place."""
    with suppress(FileNotFoundError):
        handle = os.open(draft, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _alone(handle, target)
            if os.path.samestat(os.fstat(handle), draft.stat()):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
    return None


def _alone(handle: int, target: Path) -> None:
    with suppress(OSError):  # there are file systems without locks
        try:
            hold(handle, wait=False)
        except BlockingIOError as error:
            raise BadInputError(
                f"another process is writing {target} right now; wait for it, or name another place"
            ) from error


def home_path(place: str) -> Path:
    """The path that `place` names, where `~` is one's home folder."""
    return Path(os.path.expanduser(place))  # noqa: PTH111 - Path's own raises for unknown users


def check_replaceable(target: Path, holding: str | None) -> None:
    """Make sure that `target` may be written: it is not there, empty, or holds the file `holding`.

    Raises:
        BadInputError: it is something else.
    """
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


def keep_apart(output: Path, inputs: Iterable[Path]) -> None:
    """Make sure that writing `output` would change none of `inputs`.

    Raises:
        BadInputError: it is one of them, holds one, or lies in one.
    """
    target = output.resolve()
    for path in inputs:
        read = path.resolve()
        if target.is_relative_to(read) or read.is_relative_to(target):
            raise BadInputError(
                f"{output} would be written over {path}, which is read; name another folder"
            )
