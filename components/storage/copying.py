"""Copying a file on this machine, several stretches at once, each compared with what was sent."""

import os
from pathlib import Path

from components.storage.base import Advance
from components.storage.errors import ChecksumError, StorageError
from components.storage.parts import PART, each_part

PIECE = 256 << 10
"""Bytes that are read, written and read back at once: they fit a processor's second cache."""


def copy_compared(source: str | Path, target: str | Path, advance: Advance) -> None:
    """Write the bytes of `source` to `target`; read them back, and compare them one by one.

    Raises:
        ChecksumError: what was read back is something else.
        StorageError: `source` became shorter meanwhile.
    """
    sent = os.open(source, os.O_RDONLY)
    try:
        written = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            size = os.fstat(sent).st_size

            def transfer(start: int, length: int) -> None:
                _copy_part(sent, written, start, length, target)
                advance(length)

            if size > PART:
                os.posix_fallocate(written, 0, size)  # else the disk is asked for each piece
            each_part(size, transfer)
        finally:
            os.close(written)
    finally:
        os.close(sent)


def _copy_part(sent: int, written: int, start: int, length: int, target: str | Path) -> None:
    end = start + length
    while start < end:
        data = os.pread(sent, min(PIECE, end - start), start)
        if not data:
            raise StorageError(f"a file became shorter while it was copied to {target}")
        done = os.pwrite(written, data, start)  # less where the disk fills up: the next one says so
        if os.pread(written, done, start) != data[:done]:
            raise ChecksumError(f"{target} does not hold the bytes that were written to it")
        start += done
