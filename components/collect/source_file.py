"""The bytes of sources as files on this machine."""

import os
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from components.collect.posts import valid_unicode
from components.contracts.errors import BadInputError
from components.runtime.folders import home_path
from components.storage import StorageError, open_store
from components.storage.transfer import download_file


class LocalFiles(ExitStack):
    """Files that are sources; what lies in storage (gs://, s3://) is there until the block ends.

    Each is downloaded once, however often it is asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self._downloaded: dict[str, Path] = {}

    def file(self, source: str, *, or_folder: bool = False) -> Path:
        """The file at `source`.

        Args:
            source: a path or a URI.
            or_folder: whether a folder on this machine will do, too.

        Raises:
            BadInputError: there is no such file, or it cannot be read.
            StorageError: the same for storage.
        """
        if "://" in source:
            if source not in self._downloaded:
                target = Path(self.enter_context(tempfile.TemporaryDirectory())) / "source"
                _download(source, target)
                self._downloaded[source] = target
            return self._downloaded[source]
        path = home_path(source)
        if not (or_folder and path.is_dir()):
            _check_readable(path, source)
        return path


def _download(source: str, target: Path) -> None:
    try:
        download_file(source, target)
    except StorageError:
        if _is_folder_in_storage(source):
            raise BadInputError(
                f"{source} is a folder in storage, of which none is read; name a file in it"
            ) from None
        raise


def _is_folder_in_storage(uri: str) -> bool:
    with suppress(StorageError):
        return any(open_store(uri.rstrip("/")).list())
    return False


def _check_readable(path: Path, source: str) -> None:
    if path.is_dir():
        raise BadInputError(f"{source} is a folder; name the file itself")
    if path.exists() and not path.is_file():  # opening a pipe would wait for its other end
        raise BadInputError(f"{source} is not a plain file; name one")
    try:
        path.open("rb").close()
    except OSError as error:
        raise BadInputError(f"cannot read {source}: {error.strerror}") from error


def source_name(place: str) -> str:
    """What the source at the path or URI `place` is called: the last part of its name."""
    path = os.path.abspath(home_path(place))  # noqa: PTH100 - `.` and `..` say no name
    return valid_unicode(Path(path).name)
