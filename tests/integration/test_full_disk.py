"""A disk that takes no more in the middle of a stage: a limit of the operating system stands in."""

import shlex
from functools import partial
from pathlib import Path
from resource import RLIMIT_FSIZE, setrlimit

import pytest
from support.commands import HUGGINGTWEETS, call
from support.tiny_models import make_tiny_model

from components.collect.sample.build import build_archive
from components.registry import Registry
from components.runtime.digests import files_of, folder_sha256

LARGEST = {
    "collect": 50_000,
    "fetch": 50_000,
    "prepare": 20_000,
    "train": 50_000,
    "evaluate": 5_000,
    "publish": 50_000,
}
"""Bytes that a file of the stage may have: fewer than its largest one has."""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """The folder of a finished run, and the line of each stage."""
    folder = tmp_path_factory.mktemp("job")
    archive, base = build_archive(folder / "sample.zip"), make_tiny_model(folder / "tiny")
    run = [HUGGINGTWEETS, "run", "--archive", str(archive), "--consent", "fictional"]
    quick = [
        "--epochs",
        "0.2",
        "--samples",
        "20",
        "--max-tokens",
        "20",
        "--dtype",
        "fp32",
        "--no-gate",
    ]
    answer = call(*run, "--base-model", str(base), "--out", str(folder / "out"), *quick)
    assert answer.returncode == 0, answer.stderr
    lines = [shlex.split(line) for line in answer.stderr.splitlines() if " -m components." in line]
    return folder / "out", {words[2].partition(".")[2]: words[2:] for words in lines}


@pytest.mark.parametrize("stage", LARGEST)
def test_a_stage_says_it_leaves_all_as_it_was_and_works_once_there_is_room(
    job: tuple[Path, dict[str, list[str]]], stage: str
) -> None:
    out, lines = job
    before = folder_sha256(out)
    limit = (LARGEST[stage], LARGEST[stage])
    answer = call(*lines[stage], before=partial(setrlimit, RLIMIT_FSIZE, limit))
    assert answer.returncode == 1, answer.stderr
    assert "Traceback" not in answer.stderr
    (error,) = (line for line in answer.stderr.splitlines() if line.startswith("error: "))
    assert "the disk takes no file as large as this" in error
    assert folder_sha256(out) == before, [file.name for file in files_of(out)]
    answer = call(*lines[stage])
    assert answer.returncode == 0, answer.stderr
    assert Registry.open(str(out / "registry")).verify() == []
