"""A bucket behind the S3 protocol as a store."""

import functools
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from components.storage import retry
from components.storage.base import (
    Advance,
    Content,
    Keys,
    Stat,
    check_key,
    folder_prefix,
    in_order,
    no_advance,
)
from components.storage.bucket import BucketStore
from components.storage.errors import ConflictError, ObjectMissingError
from components.storage.parts import (
    PART,
    READ,
    PartWriter,
    crc32c,
    download_parts,
    file_crc32c,
)
from components.storage.retry import retried, written_once
from components.storage.s3_errors import s3_error
from components.storage.s3_upload import MultipartUpload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

COPYING = TransferConfig(multipart_threshold=2 * PART, multipart_chunksize=PART, max_concurrency=4)
"""A small store holds in memory what it copies; a part that it copies in time is not asked for
again."""
CHECKSUM = "crc32c"
"""The metadata key under which an object carries the checksum of the whole of it."""


class S3Store(BucketStore):
    """Objects below a prefix of one bucket.

    Compare-and-swap goes by ETag: the same bytes have the same ETag. The client asks once; asking
    again is ours, so that deadlines and sentences are the same for every store.
    """

    def __init__(self, bucket: str, prefix: str) -> None:
        super().__init__("s3", bucket, prefix)
        self.bucket = bucket

    @functools.cached_property
    def client(self) -> "S3Client":
        """Made at the first call, since it reads the environment."""
        config = Config(
            connect_timeout=retry.CONNECT_TIMEOUT,
            read_timeout=retry.READ_TIMEOUT,
            retries={"total_max_attempts": 1},
            max_pool_connections=32,
        )
        with s3_error(self.uri, "", ""):
            # A session of its own: the shared one is not safe to use from several threads.
            return boto3.Session().client("s3", config=config)

    @retried
    def get(self, key: str) -> Content:
        """See `Store.get`."""
        with self._explained(key):
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key(key))
            data = answer["Body"].read()
        self._compare(key, answer["Metadata"].get(CHECKSUM), crc32c(data))
        return Content(data, answer["ETag"])

    @retried
    def put(self, key: str, data: bytes) -> str:
        """See `Store.put`."""
        return self._put(key, data)

    def create(self, key: str, data: bytes) -> str:
        """See `Store.create`."""
        return written_once(
            lambda: self._put(key, data, IfNoneMatch="*"), lambda: self.get(key), data
        )

    def swap(self, key: str, data: bytes, version: str) -> str:
        """See `Store.swap`."""
        return written_once(lambda: self._put_over(key, data, version), lambda: self.get(key), data)

    def stat(self, key: str) -> Stat:
        """See `Store.stat`."""
        head = self._head(key)
        return Stat(key, head["ContentLength"], head["LastModified"].timestamp())

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """See `Store.list`."""
        return iter(self._list(prefix))

    @retried
    def folders(self, prefix: str = "") -> Keys:
        """See `Store.folders`."""
        start = self.prefix + folder_prefix(prefix)
        with self._explained(prefix):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=start, Delimiter="/"
            )
            found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", ())]
        return sorted(name.removeprefix(start).rstrip("/") for name in found)

    @retried
    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        with self._explained(key), suppress(ObjectMissingError):
            self.client.delete_object(Bucket=self.bucket, Key=self._key(key))

    @retried
    def copy(self, source: str, target: str) -> None:
        """See `Store.copy`. The checksum in the metadata goes with it."""
        head = self._head(source)
        with self._explained(source):
            self.client.copy(
                {"Bucket": self.bucket, "Key": self._key(source)},
                self.bucket,
                self._key(target),
                ExtraArgs={"Metadata": head["Metadata"], "MetadataDirective": "REPLACE"},
                Config=COPYING,
            )

    def upload(self, source: Path, key: str, advance: Advance = no_advance) -> None:
        """See `Store.upload`."""
        size, checksum = source.stat().st_size, file_crc32c(source)
        if size > PART:
            self._upload_parts(source, size, key, checksum, advance)
        else:
            self._put_again(key, source.read_bytes(), checksum)
            advance(size)

    def _download_large(self, key: str, target: Path, advance: Advance) -> None:
        head = self._head(key)
        download_parts(
            head["ContentLength"],
            lambda start, size, span: self._fetch(key, start, size, span, IfMatch=head["ETag"]),
            target,
            advance,
        )
        self._compare(key, head["Metadata"].get(CHECKSUM), file_crc32c(target))

    @retried
    def sweep(self, before: float) -> Keys:
        """See `Store.sweep`."""
        swept = []
        with self._explained("uploads"):
            pages = self.client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.bucket, Prefix=self.prefix
            )
            for upload in (each for page in pages for each in page.get("Uploads", ())):
                if upload["Initiated"].timestamp() < before:
                    self.client.abort_multipart_upload(
                        Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    swept.append(upload["Key"].removeprefix(self.prefix))
        return swept

    def reconnect(self) -> None:
        """See `Store.reconnect`."""
        if "client" in vars(self):
            self.client.close()

    def _put(self, key: str, data: bytes, checksum: str | None = None, **condition: str) -> str:
        with self._explained(key):
            answer = self.client.put_object(
                Bucket=self.bucket,
                Key=self._key(key),
                Body=data,
                Metadata={CHECKSUM: checksum or crc32c(data)},
                **condition,  # type: ignore[arg-type]
            )
        return answer["ETag"]

    _put_again = retried(_put)

    def _put_over(self, key: str, data: bytes, version: str) -> str:
        try:
            return self._put(key, data, IfMatch=version)
        except ObjectMissingError as error:
            raise ConflictError(f"{key} in {self.uri} is gone") from error

    def _upload_parts(
        self, source: Path, size: int, key: str, checksum: str, advance: Advance
    ) -> None:
        upload = MultipartUpload(
            self.client, self.bucket, self._key(key), lambda: self._explained(key)
        )
        try:
            upload.run(source, size, {CHECKSUM: checksum}, advance)
        except ObjectMissingError:  # the upload is gone: finished, if the answer only got lost
            head = self._head(key)
            if (head["ContentLength"], head["Metadata"].get(CHECKSUM)) != (size, checksum):
                raise

    @retried
    def _head(self, key: str) -> "HeadObjectOutputTypeDef":
        with self._explained(key):
            try:
                return self.client.head_object(Bucket=self.bucket, Key=self._key(key))
            except ClientError:  # an answer without a body cannot say what is missing or wrong
                self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
                raise

    @retried
    def _list(self, prefix: str) -> "Sequence[Stat]":
        with self._explained(prefix):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix
            )
            return in_order(
                Stat(
                    each["Key"].removeprefix(self.prefix),
                    each["Size"],
                    each["LastModified"].timestamp(),
                )
                for page in pages
                for each in page.get("Contents", ())
                if not each["Key"].endswith("/")  # what consoles write for an empty folder
            )

    def _fetch(
        self, key: str, start: int, size: int, sink: PartWriter | BytesIO, **condition: str
    ) -> None:
        with self._explained(key):
            answer = self.client.get_object(
                Bucket=self.bucket,
                Key=self._key(key),
                Range=f"bytes={start}-{start + size - 1}",
                **condition,  # type: ignore[arg-type]
            )
            for data in answer["Body"].iter_chunks(READ):
                sink.write(data)

    def _key(self, key: str) -> str:
        return self.prefix + check_key(key)

    def _explained(self, key: str) -> AbstractContextManager[None]:
        return s3_error(self.uri, key, self.client.meta.endpoint_url)
