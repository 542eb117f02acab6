"""The source's bytes as a file on this machine."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.contracts.errors import BadInputError
from components.runtime.folders import home_path
from components.storage.transfer import download_file


@contextmanager
def local_file(source: str) -> Iterator[Path]:
    """Give the file at `source`; one in storage (gs://, s3://) is there until the block ends.

    Raises:
        BadInputError: there is no such file, or it cannot be read.
        StorageError: the same for storage.
    """
    if "://" in source:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "source"
            download_file(source, target)
            yield target
    else:
        path = home_path(source)
        _check_readable(path, source)
        yield path


def _check_readable(path: Path, source: str) -> None:
    if path.is_dir():
        raise BadInputError(f"{source} is a folder; name the file itself")
    try:
        path.open("rb").close()
    except OSError as error:
        raise BadInputError(f"cannot read {source}: {error.strerror}") from error
