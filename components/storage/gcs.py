"""A Google Cloud Storage bucket as a store."""

# mypy: disable-error-code="no-untyped-call,no-any-return"
# google-cloud-storage carries no types.

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from google.api_core.exceptions import NotFound, from_http_response
from google.cloud.storage import Blob, Bucket, Client

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
from components.storage.errors import ChecksumError, ObjectMissingError
from components.storage.gcs_errors import gcs_error
from components.storage.gcs_upload import Meter, ResumableUpload, UploadLostError
from components.storage.parts import PART, READ, PartWriter, crc32c, download_parts, file_crc32c
from components.storage.retry import retried, retried_on, written_once

BINARY = "application/octet-stream"
DOWNLOADED = 2 * PART
"""Bytes of one ranged read, which the client holds in memory: larger ones are faster here."""
TIMEOUT = (retry.CONNECT_TIMEOUT, retry.READ_TIMEOUT)
ONCE: dict[str, Any] = {"timeout": TIMEOUT, "retry": None}
"""The client asks once; asking again is ours, so that deadlines are the same for every store."""


class GcsStore(BucketStore):
    """Objects below a prefix of one bucket. Compare-and-swap goes by generation."""

    def __init__(self, bucket: str, prefix: str) -> None:
        super().__init__("gs", bucket, prefix)
        self.bucket_name = bucket

    @functools.cached_property
    def bucket(self) -> Bucket:
        """Made at the first call, since it reads the environment."""
        # else the client asks for the bucket as well, in a thread, whenever an object is missing
        os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
        with gcs_error(self.uri, "", ""):
            return Client().bucket(self.bucket_name)

    @retried
    def get(self, key: str) -> Content:
        """See `Store.get`."""
        with self._on_object(key), self._media(key, None, {}) as answer:
            data = answer.raw.read()
        self._compare(key, _told_crc32c(answer.headers), crc32c(data))
        return Content(data, answer.headers["X-Goog-Generation"])

    @retried
    def put(self, key: str, data: bytes) -> str:
        """See `Store.put`."""
        return self._put(key, data, None)

    def create(self, key: str, data: bytes) -> str:
        """See `Store.create`."""
        return written_once(lambda: self._put(key, data, 0), lambda: self.get(key), data)

    def swap(self, key: str, data: bytes, version: str) -> str:
        """See `Store.swap`."""
        return written_once(lambda: self._put(key, data, int(version)), lambda: self.get(key), data)

    @retried
    def stat(self, key: str) -> Stat:
        """See `Store.stat`."""
        return self._stat(self._found(key))

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """See `Store.list`."""
        return iter(self._list(prefix))

    @retried
    def folders(self, prefix: str = "") -> Keys:
        """See `Store.folders`."""
        start = self.prefix + folder_prefix(prefix)
        with self._explained(prefix):
            listing = self.bucket.list_blobs(prefix=start, delimiter="/", **ONCE)
            for _ in listing:  # the prefixes come with the pages
                pass
        return sorted(name.removeprefix(start).rstrip("/") for name in listing.prefixes)

    @retried
    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        with suppress(ObjectMissingError), self._on_object(key):
            self._blob(key).delete(**ONCE)

    @retried
    def copy(self, source: str, target: str) -> None:
        """See `Store.copy`."""
        token = None
        with self._on_object(source):
            while True:
                token, _, _ = self._blob(target).rewrite(self._blob(source), token=token, **ONCE)
                if token is None:
                    return

    def upload(self, source: Path, key: str, advance: Advance = no_advance) -> None:
        """See `Store.upload`. A large file is one stream."""
        size, meter = source.stat().st_size, Meter(advance)
        if size > PART:
            self._upload_large(source, size, key, meter)
        else:
            self._put_again(key, source.read_bytes(), None)
        meter.reach(size)

    def _download_large(self, key: str, target: Path, advance: Advance) -> None:
        found = self._found_again(key)
        download_parts(
            found.size,
            lambda start, size, span: self._fetch(key, start, size, span, found.generation),
            target,
            advance,
            DOWNLOADED,
        )
        self._compare(key, found.crc32c, file_crc32c(target))

    def sweep(self, before: float) -> Keys:
        """See `Store.sweep`. The bucket itself forgets unfinished uploads, after a week."""
        return []

    def reconnect(self) -> None:
        """See `Store.reconnect`."""
        if "bucket" in vars(self):
            self.bucket.client.close()

    def _put(self, key: str, data: bytes, generation: int | None) -> str:
        """Google refuses bytes that are not as announced; where a stand-in took them all the same,
        exactly they are written over."""
        for _ in retry.attempts():
            blob = self._blob(key)
            with self._explained(key):
                blob.upload_from_string(
                    data, BINARY, if_generation_match=generation, checksum="crc32c", **ONCE
                )
            if blob.crc32c == crc32c(data):
                return str(blob.generation)
            generation = blob.generation
        raise ChecksumError(f"{key} arrived in {self.uri} with other bytes than were sent")

    _put_again = retried(_put)

    @retried_on(ChecksumError, UploadLostError)
    def _upload_large(self, source: Path, size: int, key: str, meter: Meter) -> None:
        checksum = file_crc32c(source)
        upload = ResumableUpload(self._begin(key, size), source, size, checksum, meter)
        stored = upload.run(lambda: self._explained(key))
        if stored["crc32c"] != checksum:
            with self._explained(key):
                self._blob(key).delete(if_generation_match=int(stored["generation"]), **ONCE)
            raise ChecksumError(f"{key} arrived in {self.uri} with other bytes than were sent")

    @retried
    def _begin(self, key: str, size: int) -> str:
        with self._explained(key):
            return self._blob(key).create_resumable_upload_session(BINARY, size, **ONCE)

    def _fetch(
        self,
        key: str,
        start: int,
        size: int,
        sink: PartWriter | BytesIO,
        generation: int | None = None,
    ) -> None:
        span = {"Range": f"bytes={start}-{start + size - 1}"}
        with self._on_object(key), self._media(key, generation, span) as answer:
            while data := answer.raw.read(READ):
                sink.write(data)

    @contextmanager
    def _media(
        self, key: str, generation: int | None, headers: dict[str, str]
    ) -> Iterator[requests.Response]:
        """An object's bytes as they are stored, to be read piece by piece.

        The client library's own downloads hand on 8 KiB at a time, or hold everything in memory.
        """
        client = self.bucket.client
        answer = client._http.get(
            f"{client.api_endpoint}/download/storage/v1{self._blob(key).path}",
            params={"alt": "media", "ifGenerationMatch": generation},
            headers={"Accept-Encoding": "gzip", **headers},
            timeout=TIMEOUT,
            stream=True,
        )
        with answer:
            if not answer.ok:
                raise from_http_response(answer)
            yield answer

    def _found(self, key: str) -> Blob:
        blob = self._blob(key)
        with self._on_object(key):
            blob.reload(**ONCE)
        return blob

    _found_again = retried(_found)

    @retried
    def _list(self, prefix: str) -> Sequence[Stat]:
        with self._explained(prefix):
            found = self.bucket.list_blobs(prefix=self.prefix + prefix, **ONCE)
            return in_order(self._stat(blob) for blob in found if not blob.name.endswith("/"))

    def _stat(self, blob: Blob) -> Stat:
        return Stat(blob.name.removeprefix(self.prefix), blob.size, blob.updated.timestamp())

    def _blob(self, key: str, **options: int) -> Blob:
        return self.bucket.blob(self.prefix + check_key(key), **options)

    @contextmanager
    def _on_object(self, key: str) -> Iterator[None]:
        """As `_explained`; where nothing is found, find out whether the bucket is there."""
        with self._explained(key):
            try:
                yield
            except NotFound as error:
                for _ in self.bucket.list_blobs(prefix=self.prefix, max_results=1, **ONCE):
                    pass
                raise ObjectMissingError(f"there is no {key} in {self.uri}") from error

    def _explained(self, key: str) -> AbstractContextManager[None]:
        endpoint = self.bucket.client.api_endpoint
        return gcs_error(self.uri, key, endpoint)


def _told_crc32c(headers: Mapping[str, str]) -> str | None:
    """The checksum of the object as it is stored: `X-Goog-Hash: crc32c=…,md5=…`."""
    hashes = (part.strip().partition("=") for part in headers.get("X-Goog-Hash", "").split(","))
    return next((value for name, _, value in hashes if name == "crc32c"), None)
