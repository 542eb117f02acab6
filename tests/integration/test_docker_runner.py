"""`huggingtweets run --runner docker`: the compiled pipeline on this machine, in its images."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.authors import write_tables
from support.images import FILE, built_images
from support.tiny_models import make_tiny_model

from components.contracts.evaluation import EvaluationReport
from components.contracts.reports import (
    CollectReport,
    FetchReport,
    PrepareReport,
    TrainReport,
)
from components.registry import Registry

ROOT = Path(__file__).parents[2]
AUTHORS = ("ann", "bob", "cyd")
QUICK = ("--epochs", "1", "--samples", "10", "--max-tokens", "10", "--dtype", "fp32")


def run(folder: Path, *words: str, images: Path = FILE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.cli.command", "run", "--runner", "docker"]
    return subprocess.run(
        [*command, "--images", str(images), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.docker
def test_three_authors_become_one_persona_in_containers(tmp_path: Path) -> None:
    built_images("cpu", "train")
    make_tiny_model(tmp_path / "tiny")
    words = ["--out", "out", "--base-model", "tiny", "--consent", "fictional", *QUICK, "--no-gate"]
    for author, table in zip(AUTHORS, write_tables(tmp_path, AUTHORS), strict=True):
        words += ["--table", str(table), "--author", author]
    answer = run(tmp_path, *words)
    assert answer.returncode == 0, answer.stderr

    out = tmp_path / "out"
    for author in AUTHORS:
        report = CollectReport.read(out / "raw-dataset" / author / "collect.json")
        assert report.author == author
    assert PrepareReport.read(out / "train-dataset" / "prepare.json").persona_authors == AUTHORS
    assert FetchReport.read(out / "pretrained-model" / "fetch.json").id == "tiny"
    assert TrainReport.read(out / "finetuned-model" / "train.json").hyperparameters["epochs"] == 1
    assert EvaluationReport.read(out / "evaluation" / "evaluation.json").samples == 10
    manifest = Registry.open(str(out / "registry")).manifest("ann-bob-cyd", 1)
    assert manifest.lineage.images["train"].startswith("huggingtweets/train:local-")
    alias = Registry.open(str(out / "registry")).alias("ann-bob-cyd", "production")
    assert alias is not None
    assert alias.version == 1
    assert "ann-bob-cyd@1 is published" in answer.stdout
    assert not list(out.glob(".pipeline-*"))


@pytest.mark.docker
def test_what_does_not_pass_the_gate_leaves_no_version(tmp_path: Path) -> None:
    built_images("cpu", "train")
    make_tiny_model(tmp_path / "tiny")
    (table,) = write_tables(tmp_path, AUTHORS[:1])
    words = ["--table", str(table), "--author", AUTHORS[0], "--consent", "fictional", *QUICK]
    answer = run(tmp_path, *words, "--base-model", "tiny", "--out", "out")
    assert answer.returncode == 1
    assert "did not pass the gate" in answer.stderr
    assert "failed, being" in answer.stderr
    assert not EvaluationReport.read(tmp_path / "out/evaluation/evaluation.json").gate.passed
    assert not list((tmp_path / "out" / "registry").glob("*/versions/*"))


@pytest.mark.docker
def test_a_step_that_fails_fails_the_run(tmp_path: Path) -> None:
    built_images("cpu", "train")
    post = {"id": "1", "text": "too few words", "created_at": "2020-01-01T00:00:00Z"}
    (tmp_path / "few.json").write_text(json.dumps([post]))
    make_tiny_model(tmp_path / "tiny")
    words = ["--table", "few.json", "--author", "ann", "--consent", "fictional"]
    answer = run(tmp_path, *words, "--base-model", "tiny", "--out", "out")
    assert answer.returncode == 1
    assert "posts of each" in answer.stderr  # prepare says what is too little
    assert "Traceback" not in answer.stderr
    assert (tmp_path / "out" / "raw-dataset" / "ann" / "collect.json").is_file()
    assert not (tmp_path / "out" / "registry" / "ann").exists()


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["--resume"], "--resume"),
        (["--until", "train"], "--until"),
        (["--checkpoint-uri", "checkpoints"], "--checkpoint-uri"),
    ],
)
def test_what_a_pipeline_cannot_do_is_refused(words: list[str], word: str, tmp_path: Path) -> None:
    given = ["--archive", "x.zip", "--consent", "fictional", "--out", "out"]
    answer = run(tmp_path, *given, *words)
    assert answer.returncode == 2
    assert word in answer.stderr


def test_images_are_asked_for(tmp_path: Path) -> None:
    given = ["--archive", "x.zip", "--consent", "fictional", "--out", "out"]
    answer = run(tmp_path, *given, images=Path("missing.json"))
    assert answer.returncode == 2
    assert "missing.json" in answer.stderr
