"""Objects in a folder, in Google Cloud Storage or in S3 behind one small protocol."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from components.storage.base import Content, Stat, Store
from components.storage.errors import (
    ChecksumError,
    ConflictError,
    ObjectMissingError,
    StorageError,
)

__all__ = [
    "ChecksumError",
    "ConflictError",
    "Content",
    "ObjectMissingError",
    "Stat",
    "StorageError",
    "Store",
    "open_store",
]


def open_store(uri: str) -> Store:
    """The store rooted at `uri`: a path, `file://…`, `gs://bucket/prefix` or `s3://bucket/prefix`.

    Opening touches nothing; the first call finds out whether the place is there. Endpoints and
    credentials come by the libraries' own environment names.

    Raises:
        StorageError: the URI has another scheme, no bucket, or an empty path.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme == "file":
        return _open_folder(uri)
    bucket, _, prefix = rest.partition("/")
    if scheme not in ("gs", "s3"):
        raise StorageError(f"{uri} is not a place to store: use a path, file://, gs:// or s3://")
    if not bucket:
        raise StorageError(f"{uri} names no bucket: write {scheme}://BUCKET/PREFIX")
    if scheme == "gs":
        from components.storage.gcs import GcsStore

        return GcsStore(bucket, prefix.strip("/"))
    from components.storage.s3 import S3Store

    return S3Store(bucket, prefix.strip("/"))


def _open_folder(uri: str) -> Store:
    from components.storage.local import FileStore

    if not uri.startswith("file://"):
        path = uri
    else:
        parts = urlsplit(uri)
        if parts.netloc not in ("", "localhost"):
            raise StorageError(f"{uri} names a host: write file:///PATH with three slashes")
        path = unquote(parts.path)
    if not path.strip():
        raise StorageError(f"{uri!r} names no folder: write a path or file:///PATH")
    return FileStore(Path(path).expanduser().absolute(), uri)
