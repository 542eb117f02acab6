import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from components.runtime.zstd import unpacked_frames

WINDOW = 1 << 23


def pieces(packed: bytes, size: int) -> list[bytes]:
    return [packed[at : at + size] for at in range(0, len(packed), size)]


@given(st.lists(st.binary(max_size=300), max_size=4), st.integers(1, 40))
def test_frames_are_one_text_however_they_come(parts: list[bytes], size: int) -> None:
    packed = b"".join(map(zstandard.ZstdCompressor().compress, parts))
    assert b"".join(unpacked_frames(pieces(packed, size), WINDOW)) == b"".join(parts)


def test_what_is_cut_off_or_damaged_is_told() -> None:
    packed = zstandard.ZstdCompressor().compress(b"some words " * 99)
    with pytest.raises(EOFError):
        list(unpacked_frames([packed[:-3]], WINDOW))
    with pytest.raises(zstandard.ZstdError):
        list(unpacked_frames([packed + b"more"], WINDOW))


def test_a_window_beyond_bounds_is_refused() -> None:
    params = zstandard.ZstdCompressionParameters(window_log=24)
    stream = zstandard.ZstdCompressor(compression_params=params).compressobj()
    packed = stream.compress(b"x" * 99) + stream.flush()
    with pytest.raises(zstandard.ZstdError):
        list(unpacked_frames([packed], WINDOW))
    assert b"".join(unpacked_frames([packed], 1 << 24)) == b"x" * 99
