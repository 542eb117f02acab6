"""Google's resumable upload: one stream from disk, taken up where it broke off.

The protocol is that of https://cloud.google.com/storage/docs/performing-resumable-uploads; the
client library follows it too, but holds a whole chunk of the file in memory.
"""

# mypy: disable-error-code="no-untyped-call"
# google-api-core carries no types.

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, Self

import requests
from google.api_core.exceptions import from_http_response

from components.storage import retry
from components.storage.base import Advance
from components.storage.errors import StorageError, TransientError
from components.storage.retry import Tries, retried

RESUME = HTTPStatus.PERMANENT_REDIRECT
DONE = (HTTPStatus.OK, HTTPStatus.CREATED)
GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)

Stored = dict[str, Any]
"""The object's metadata as Google states them."""
Explained = Callable[[], AbstractContextManager[None]]
"""Turns what the libraries raise into our errors."""


class UploadLostError(StorageError):
    """The store no longer knows of the upload; it has to begin again."""

    is_final = False


@dataclass
class Meter:
    """Tells of every byte of a file once, however often it is sent."""

    advance: Advance
    reached: int = 0

    def reach(self, position: int) -> None:
        """All before this position has been sent."""
        if position > self.reached:
            self.advance(position - self.reached)
            self.reached = position


class _Metered:
    """The rest of an open file as a request's body."""

    def __init__(self, file: BinaryIO, size: int, meter: Meter) -> None:
        self.file, self.meter = file, meter
        self.len = size - file.tell()  # which requests asks for

    def read(self, size: int = -1) -> bytes:
        """The next bytes; those before them are taken for sent."""
        self.meter.reach(self.file.tell())
        return self.file.read(size)

    def __iter__(self) -> Self:  # what requests knows a stream by
        return self


class ResumableUpload:
    """One file on its way to a session's URL, which alone permits to write there."""

    def __init__(self, url: str, source: Path, size: int, checksum: str, meter: Meter) -> None:
        self.url, self.source, self.size, self.checksum = url, source, size, checksum
        self.meter = meter

    def run(self, explained: Explained) -> Stored:
        """Send the file; go on after every break as long as some of it gets through."""
        start, tries = 0, Tries()
        while True:
            try:
                with explained():
                    return self._send(start)
            except TransientError as error:
                broken = error
            received = self._received(explained)
            if not isinstance(received, int):
                return received
            if received > start:
                start, tries = received, Tries()
            else:
                tries.pause_after(broken)

    def _send(self, start: int) -> Stored:
        """Everything from `start` on."""
        with self.source.open("rb") as file:
            file.seek(start)
            answer = self._put(
                _Metered(file, self.size, self.meter),
                {
                    "Content-Range": f"bytes {start}-{self.size - 1}/{self.size}",
                    "X-Goog-Hash": f"crc32c={self.checksum}",
                },
            )
        if answer.status_code not in DONE:
            raise TransientError(f"an upload broke off with {answer.status_code}")
        return self._stored(answer)

    def _received(self, explained: Explained) -> int | Stored:
        """How many bytes arrived so far, or the object if all of them did."""

        @retried
        def ask() -> int | Stored:
            with explained():
                answer = self._put(b"", {"Content-Range": f"bytes */{self.size}"})
            if answer.status_code in DONE:
                return self._stored(answer)
            last = answer.headers.get("Range", "").rpartition("-")[2]
            return int(last) + 1 if last else 0

        return ask()

    def _put(self, data: Any, headers: dict[str, str]) -> requests.Response:
        answer = requests.put(
            self.url,
            data=data,
            headers=headers,
            timeout=(retry.CONNECT_TIMEOUT, retry.READ_TIMEOUT),
            allow_redirects=False,
        )
        if answer.status_code in GONE:
            raise UploadLostError(f"an upload was forgotten with {answer.status_code}")
        if answer.status_code not in (*DONE, RESUME):
            raise from_http_response(answer)
        return answer

    def _stored(self, answer: requests.Response) -> Stored:
        stored: Stored = answer.json()
        return stored
