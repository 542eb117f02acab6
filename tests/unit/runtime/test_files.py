import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.runtime.files import whole_file


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    with whole_file(target) as draft:
        draft.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_a_failure_leaves_what_stood_there(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file(target) as draft:
        draft.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_secret_is_readable_by_its_owner_alone_from_its_first_byte_on(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with whole_file(target, mode=0o600) as draft:
        assert stat.S_IMODE(draft.stat().st_mode) == 0o600
        draft.write_text("secret")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_text() == "secret"


def test_many_may_write_the_same_file(tmp_path: Path) -> None:
    target = tmp_path / "file"

    def write(number: int) -> None:
        with whole_file(target) as draft:
            draft.write_text(f"{number}" * 1000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(10)))
    assert target.read_text() in {f"{number}" * 1000 for number in range(10)}
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
