import resource
from pathlib import Path

import pytest

from components.storage.base import no_advance
from components.storage.copying import copy_compared

ROOM = 300_000


def test_a_disk_that_fills_up_in_the_middle_of_a_piece_ends_the_copy(tmp_path: Path) -> None:
    """A limit of the operating system stands in: the last write that fits in part is cut."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * (ROOM + 10_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            copy_compared(source, target, no_advance)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
