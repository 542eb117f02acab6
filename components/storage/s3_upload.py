"""S3's multipart upload: the parts at once, straight from the disk, then all made one object."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from s3transfer.utils import ReadFileChunk

from components.storage.base import Advance
from components.storage.errors import StorageError
from components.storage.parts import PART, each_part
from components.storage.retry import retried

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

MOST_PARTS = 10_000


@dataclass(frozen=True)
class MultipartUpload:
    """One file on its way to one object; nothing is visible before all of it is there."""

    client: "S3Client"
    bucket: str
    key: str
    explained: Callable[[], AbstractContextManager[None]]
    """Turns what the libraries raise into our errors."""

    def run(self, source: Path, size: int, metadata: Mapping[str, str], advance: Advance) -> None:
        """Send the file; take back what was sent if it fails.

        Raises:
            ObjectMissingError: the store no longer knows of the upload.
        """
        upload = self._begin(metadata)
        length = max(PART, -(-size // MOST_PARTS))

        def send(start: int, size: int) -> "CompletedPartTypeDef":
            part = self._send(upload, start // length + 1, source, start, size)
            advance(size)
            return part

        try:
            self._finish(upload, each_part(size, send, length))
        except BaseException:
            with suppress(StorageError):
                self._abort(upload)
            raise

    @retried
    def _begin(self, metadata: Mapping[str, str]) -> str:
        with self.explained():
            return self.client.create_multipart_upload(
                Bucket=self.bucket, Key=self.key, Metadata=metadata, ChecksumAlgorithm="CRC32"
            )["UploadId"]

    @retried
    def _send(
        self, upload: str, number: int, source: Path, start: int, size: int
    ) -> "CompletedPartTypeDef":
        with self.explained(), ReadFileChunk.from_filename(str(source), start, size) as data:
            answer = self.client.upload_part(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=upload,
                PartNumber=number,
                Body=data,  # type: ignore[arg-type] # it reads and seeks, which is enough
                ChecksumAlgorithm="CRC32",
            )
        part: CompletedPartTypeDef = {"PartNumber": number, "ETag": answer["ETag"]}
        if "ChecksumCRC32" in answer:
            part["ChecksumCRC32"] = answer["ChecksumCRC32"]
        return part

    @retried
    def _finish(self, upload: str, parts: "Sequence[CompletedPartTypeDef]") -> None:
        with self.explained():
            self.client.complete_multipart_upload(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=upload,
                MultipartUpload={"Parts": parts},
            )

    @retried
    def _abort(self, upload: str) -> None:
        with self.explained():
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=upload)
