"""Tests that need what a machine may lack: they skip before anything is set up, or must run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
GROUPS = ("real_posts", "browser", "docker")
INNER = """
import pytest

@pytest.fixture(scope="session", autouse={autouse})
def what_is_missing():
    raise AssertionError("set up before the skip")

@pytest.mark.{group}
def test_with_it(what_is_missing): ...

@pytest.mark.{group}
def test_with_the_folder(posts_folder): ...
"""


def outcome(folder: Path, **environment: str) -> str:
    """What pytest says of the tests in `folder` on a machine that has nothing."""
    (folder / "conftest.py").write_bytes((TESTS / "conftest.py").read_bytes())
    settings = ["-c", str(TESTS.parent / "pyproject.toml"), "--rootdir", str(folder)]
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *settings, str(folder)],
        env={"PATH": str(folder), "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("autouse", [False, True])
def test_what_is_missing_is_named_before_any_fixture_is_made(
    tmp_path: Path, group: str, autouse: bool
) -> None:
    (tmp_path / "test_inner.py").write_text(INNER.format(group=group, autouse=autouse))
    said = outcome(tmp_path)
    assert "== 2 skipped in" in said
    assert f": {group}: " in said


def test_what_must_run_fails(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(INNER.format(group="browser", autouse=False))
    said = outcome(tmp_path, HUGGINGTWEETS_REQUIRE="docker browser")
    assert "browser: there is no chromium on the PATH" in said
    assert "2 errors" in said


def test_a_folder_without_all_real_posts_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text(INNER.format(group="real_posts", autouse=False))
    said = outcome(tmp_path, HUGGINGTWEETS_TEST_DATA=str(tmp_path))
    assert "lacks dgrtwo-tidy-text-mining/drob_tweets.csv" in said
    assert "== 2 skipped in" in said


def test_a_fixture_of_an_unmarked_test_skips_it_too(tmp_path: Path) -> None:
    (tmp_path / "test_inner.py").write_text("def test_unmarked(posts_folder): ...\n")
    assert "== 1 skipped in" in outcome(tmp_path)
