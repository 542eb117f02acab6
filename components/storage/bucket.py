"""What the stores of objects in a bucket have in common: reading and downloading, compared."""

from abc import ABC, abstractmethod
from io import BytesIO
from pathlib import Path

from components.storage.base import Advance, Content, folder_prefix, no_advance
from components.storage.errors import ChecksumError, ConflictError
from components.storage.parts import PART, PartWriter
from components.storage.retry import retried, retried_on


class BucketStore(ABC):
    """Objects below a prefix of one bucket."""

    files_at_once = 8

    def __init__(self, scheme: str, bucket: str, prefix: str) -> None:
        self.prefix = folder_prefix(prefix)
        self.uri = f"{scheme}://{bucket}/{prefix}".rstrip("/")

    @abstractmethod
    def get(self, key: str) -> Content:
        """See `Store.get`."""

    @retried
    def read(self, key: str, start: int, size: int) -> bytes:
        """See `Store.read`."""
        data = BytesIO()
        self._fetch(key, start, size, data)
        return data.getvalue()

    def download(
        self, key: str, target: Path, advance: Advance = no_advance, *, size: int | None = None
    ) -> None:
        """See `Store.download`. What is known to be small takes one request."""
        if size is not None and size <= PART:
            data = self.get(key).data
            target.write_bytes(data)
            advance(len(data))
        else:
            self._download_again(key, target, advance)

    @retried_on(ChecksumError, ConflictError)
    def _download_again(self, key: str, target: Path, advance: Advance) -> None:
        self._download_large(key, target, advance)

    @abstractmethod
    def _download_large(self, key: str, target: Path, advance: Advance) -> None:
        """Download one version of the object in parts, and compare its checksum.

        Raises:
            ChecksumError: the bytes are wrong.
            ConflictError: it became another version on the way.
        """

    @abstractmethod
    def _fetch(self, key: str, start: int, size: int, sink: PartWriter | BytesIO) -> None:
        """Write `size` bytes from `start` into `sink`, whatever version they are of."""

    def _compare(self, key: str, told: str | None, found: str) -> None:
        """Objects that others wrote may tell no checksum; their lengths were compared."""
        if told not in (None, found):
            raise ChecksumError(f"{key} in {self.uri} arrived with other bytes than were sent")
