"""Zstandard (RFC 8878) from strangers: bounded, and minded whether it is whole."""

from collections.abc import Iterable, Iterator

import zstandard


def unpacked_frames(pieces: Iterable[bytes], window: int) -> Iterator[bytes]:
    """What frames one behind the other hold, piece by piece; nothing of no bytes.

    The library's own readers take a file that is cut off for a whole one, so each frame is asked
    whether it has ended.

    Args:
        pieces: the packed bytes. A block is as little as 4 bytes for 128 KB, so a piece of a
            kilobyte may become 32 MB at once: the caller chooses how long they are.
        window: bytes that a frame may look back over.

    Raises:
        zstandard.ZstdError: they are damaged.
        EOFError: they are cut off.
    """
    unpacker = zstandard.ZstdDecompressor(max_window_size=window)
    frame = None
    for data in pieces:
        while data:
            frame = unpacker.decompressobj() if frame is None or frame.eof else frame
            yield frame.decompress(data)
            data = frame.unused_data if frame.eof else b""
    if frame is not None and not frame.eof:
        raise EOFError("its end is missing")
