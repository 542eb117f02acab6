import errno
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.storage.base import no_advance
from components.storage.copying import copy_compared

ROOM = 300_000


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond ROOM: the last write that fits in part is cut, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_in_the_middle_of_a_piece_ends_the_copy(
    tmp_path: Path, small_disk: None
) -> None:
    with (tmp_path / "source").open("wb") as file:
        file.write(b"x" * ROOM)
    copy_compared(tmp_path / "source", tmp_path / "target", no_advance)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM - 10_000, resource.RLIM_INFINITY))
    with pytest.raises(OSError) as caught:
        copy_compared(tmp_path / "source", tmp_path / "other", no_advance)
    assert caught.value.errno == errno.EFBIG
