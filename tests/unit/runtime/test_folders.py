import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.runtime.folders import keep_apart, whole_folder


def fill(folder: Path, word: str) -> None:
    with whole_folder(folder, holding="word") as draft:
        (draft / "word").write_text(word)


def test_the_folder_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    with whole_folder(target, holding="word") as draft:
        (draft / "word").write_text("new")
        assert not target.exists()
    assert (target / "word").read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def test_it_replaces_what_stood_there(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    (tmp_path / "out" / "stale").touch()
    fill(tmp_path / "out", "new")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["word"]


def test_a_failed_block_leaves_everything_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "out", holding="word") as draft:
        (draft / "word").write_text("new")
        raise RuntimeError
    assert (tmp_path / "out" / "word").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_killed_block_leaves_what_was_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    killed = (
        "import os, pathlib, sys; from components.runtime.folders import keep_apart, whole_folder\n"
        "with whole_folder(pathlib.Path(sys.argv[1]), holding='word') as draft:\n"
        "    (draft / 'half').touch(); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(tmp_path / "out")], check=False)
    assert (tmp_path / "out" / "word").read_text() == "old"
    fill(tmp_path / "out", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["word"]


def test_a_kill_between_the_renames_loses_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    (tmp_path / "out").rename(tmp_path / ".out.old")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "out", holding="word"):
        raise RuntimeError
    assert (tmp_path / "out" / "word").read_text() == "old"


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("all my work")
    with pytest.raises(BadInputError, match="would be lost"):
        fill(tmp_path / "out", "new")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "all my work"


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "new")
    assert (tmp_path / "out" / "word").read_text() == "new"


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInputError, match="cannot write to"):
        fill(tmp_path / "file" / "out", "new")


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BadInputError, match="is a file"):
        fill(tmp_path / "out", "new")
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadInputError, match="cannot write"):
        fill(tmp_path / "out", "new")


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out", holding="word") as draft:
        (draft / "word").write_text("first")
        with pytest.raises(BadInputError, match="another process is writing"):
            fill(tmp_path / "out", "second")
    assert (tmp_path / "out" / "word").read_text() == "first"
    fill(tmp_path / "out", "third")
    assert (tmp_path / "out" / "word").read_text() == "third"


def test_many_writers_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    def try_to_fill(number: int) -> bool:
        try:
            fill(tmp_path / "out", str(number))
        except BadInputError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(try_to_fill, range(200)))
    assert any(written)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "word").read_text().isdigit()


@pytest.mark.parametrize("output", ["a", "a/inside", "."])
def test_an_output_is_no_input_and_neither_around_nor_inside_one(
    tmp_path: Path, output: str
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for read in ("a", "link"):
        with pytest.raises(BadInputError, match="would be written over"):
            keep_apart(tmp_path / output, [tmp_path / "b", tmp_path / read])
    keep_apart(tmp_path / "ab", [tmp_path / "a"])
