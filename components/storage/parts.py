"""Large objects in parts: several at once, each straight between the store and its place on disk.

All transfers of a process share one pool, so memory stays flat: at most WORKERS parts of PART bytes
are on their way, however many files there are and however large they are.
"""

import base64
import functools
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

import google_crc32c

from components.storage.base import Advance
from components.storage.errors import TransientError
from components.storage.retry import retried

WORKERS = 8
PART = 8 << 20
READ = 1 << 20

Result = TypeVar("Result")


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="parts")


os.register_at_fork(after_in_child=_pool.cache_clear)  # a child has none of the threads


def each_part(size: int, transfer: Callable[[int, int], Result], part: int = PART) -> list[Result]:
    """Call `transfer(start, length)` for every part of `size` bytes, several at once, in any order.

    Returns the results in order; the first failure stops what has not begun and is raised once
    nothing is under way.
    """
    starts = range(0, max(size, 1), part)
    if len(starts) == 1:
        return [transfer(0, size)]
    futures: list[Future[Result]] = [
        _pool().submit(transfer, start, min(part, size - start)) for start in starts
    ]
    try:
        return [future.result() for future in futures]
    except BaseException:
        for future in futures:
            future.cancel()
        wait(futures)
        raise


class PartWriter:
    """A stretch of a file, written from its beginning on."""

    def __init__(self, file: int, start: int) -> None:
        self.file, self.start, self.written = file, start, 0

    def write(self, data: bytes) -> int:
        """Append to the stretch."""
        os.pwrite(self.file, data, self.start + self.written)
        self.written += len(data)
        return len(data)


def download_parts(
    size: int,
    fetch: Callable[[int, int, PartWriter], None],
    target: Path,
    advance: Advance,
    part: int = PART,
) -> None:
    """Write `size` bytes to the file `target`; `fetch(start, length, span)` brings a part.

    A part that does not come, or comes short, is fetched again.
    """
    file = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)

    @retried
    def once(start: int, length: int) -> None:
        span = PartWriter(file, start)
        fetch(start, length, span)
        if span.written != length:
            raise TransientError(f"an answer ended after {span.written} of {length} bytes")

    def transfer(start: int, length: int) -> None:
        if length:
            once(start, length)
        advance(length)

    try:
        each_part(size, transfer, part)
    finally:
        os.close(file)


def file_crc32c(path: Path) -> str:
    """The CRC-32C of a file's bytes, big-endian in base 64, as object stores write it."""
    checksum = 0
    with path.open("rb") as file:
        while data := file.read(READ):
            checksum = google_crc32c.extend(checksum, data)
    return _encoded(checksum)


def crc32c(data: bytes) -> str:
    """The CRC-32C of these bytes, big-endian in base 64."""
    return _encoded(google_crc32c.value(data))


def _encoded(checksum: int) -> str:
    return base64.b64encode(checksum.to_bytes(4, "big")).decode()
