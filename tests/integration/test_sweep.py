"""`huggingtweets sweep` on tiny models: several trainings, and the best one published."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import HUGGINGTWEETS, call
from support.fleets import QUICK_FLAGS, write_fleet
from support.tiny_models import make_tiny_model
from support.wandb_files import offline_runs

from components.contracts.evaluation import EvaluationReport
from components.contracts.reports import TrainReport
from components.registry import Registry

SWEEP = """
method: grid
parameters:
  learning_rate: {values: [1e-9, 5e-3]}
  base_model: {values: [tiny, llama, nowhere/]}
run_cap: 6
"""


def sweep(folder: Path, *words: str, expect: int = 0, **more: str) -> tuple[str, str]:
    given = ["--table", "ann.json", "--author", "ann", "--consent", "fictional", "--out", "out"]
    line = [HUGGINGTWEETS, "sweep", *given, *QUICK_FLAGS, *words]
    answer = call(*line, folder=folder, variables=more)
    assert answer.returncode == expect, answer.stderr
    return answer.stdout, answer.stderr


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    write_fleet(tmp_path, ["ann"])
    make_tiny_model(tmp_path / "llama", "llama")
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return tmp_path


def test_the_best_by_validation_is_evaluated_once_and_published(desk: Path) -> None:
    words = ["--sweep", "sweep.yaml", "--registry", "personas", "--no-gate", "--json"]
    folders = {"WANDB_DIR": str(desk), "WANDB_DATA_DIR": str(desk / "data")}
    printed, said = sweep(desk, *words, WANDB_MODE="offline", **folders)
    report: dict[str, Any] = json.loads(printed)
    figures = [one["validation_bits_per_byte"] for one in report["trials"]]
    assert figures[:4] == sorted(figures[:4])
    assert figures[4:] == [None, None], "a trial that fails does not sink the rest"
    best = report["trials"][0]
    assert best["number"] == report["best"]
    assert best["parameters"]["learning_rate"] == 5e-3
    assert said.count("components.evaluate ") == 1

    registry = Registry.open(str(desk / "personas"))
    assert registry.versions("ann") == [1]
    assert not (desk / "out/registry").exists()
    lineage = registry.manifest("ann", 1).lineage
    assert lineage.train.hyperparameters["learning_rate"] == 5e-3
    trained = TrainReport.read(desk / "out/finetuned-model/train.json")
    assert trained.base_model.id == best["parameters"]["base_model"]
    evaluated = EvaluationReport.read(desk / "out/evaluation/evaluation.json")
    assert evaluated.bits_per_byte.finetuned is not None
    assert report["test_bits_per_byte"] == evaluated.bits_per_byte.finetuned.value
    models = [path.parent.name for path in (desk / "out/trials").glob("*/finetuned-model")]
    assert models == [str(report["best"])], "of the others the weights are not kept"

    runs = offline_runs(desk)
    assert runs["train"].sweep_id == runs["trial"].sweep_id == report["sweep"]
    assert runs["evaluate"].sweep_id == ""
    assert "validation_bits_per_byte" in runs["trial"].history[0]

    again, said = sweep(desk, *words)
    assert json.loads(again) == {**report, "trials": json.loads(again)["trials"]}
    assert said.count("done before: reused") == 4
    assert registry.versions("ann") == [1]


def test_a_sweep_that_cannot_be_done_ends_before_anything_starts(desk: Path) -> None:
    (desk / "sweep.yaml").write_text("method: grid\nparameters: {epochs: {values: [1, 5000]}}\n")
    _, said = sweep(desk, "--sweep", "sweep.yaml", expect=2)
    assert "parameters of trial 2: --epochs: 5000 is too large" in said
    assert not (desk / "out").exists()


def test_the_steps_of_a_cluster_choose_and_publish_the_same_way(desk: Path) -> None:
    def step(*words: str, expect: int = 0) -> str:
        answer = call(*words, folder=desk, variables={"KFP_RUN_ID": "run-7"})
        assert answer.returncode == expect, answer.stderr
        return answer.stderr

    posts = ["--table", "ann.json", "--author", "ann", "--consent", "fictional"]
    made = ["--out", "out", "--base-model", "tiny", "--until", "train", "--learning-rate", "5e-3"]
    step(HUGGINGTWEETS, "run", *posts, *made, *QUICK_FLAGS)
    last = ["pipelines.sweep", "finish", "--results", str(desk / "results")]
    last += ["--registry", str(desk / "registry"), "--out", "chosen", "--no-gate"]
    last += ["--samples", "5", "--max-tokens", "8", "--prompts", "Rain"]
    (desk / "results").mkdir()
    assert "every trial failed" in step(*last, expect=2)
    out = desk / "out"
    for number, model in (("1", out / "pretrained-model"), ("2", out / "finetuned-model")):
        words = ["--number", number, "--parameters", '{"epochs": 1}', "--model", str(model)]
        words += ["--dataset", "out/train-dataset", "--results", str(desk / "results")]
        words += ["--base-model", str(out / "pretrained-model")]
        words += ["--dataset-uri", str(out / "train-dataset"), "--model-uri", str(model)]
        step("pipelines.sweep", "score", *words, "--base-uri", str(out / "pretrained-model"))
    for folder in ("chosen", "chosen-again"):  # a second pod, after the first was lost
        step(*(folder if word == "chosen" else word for word in last))
    registry = Registry.open(str(desk / "registry"))
    assert registry.versions("ann") == [1]
    alias = registry.alias("ann", "production")
    assert alias is not None
    assert alias.version == 1
    assert registry.manifest("ann", 1).lineage.train.hyperparameters["learning_rate"] == 5e-3
