"""What a step imports before it works: on a cluster each step is a new process."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.tiny_models import make_tiny_model

HEAVY = ("torch", "transformers", "peft", "sklearn", "kfp", "wandb", "pandas", "pyarrow", "tweepy")
MODELING = ("transformers.modeling_utils", "peft", "kfp", "wandb", "pandas")
STAGES = (
    "collect",
    "prepare",
    "train",
    "evaluate",
    "publish",
    "deploy",
    "report",
    "gate",
    "fetch",
    "push",
)


def imported(what: str, watched: tuple[str, ...]) -> set[str]:
    """Which of `watched` a fresh process has imported after importing `what`."""
    line = f"import sys, {what}; print(*(name for name in {watched!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("stage", STAGES)
def test_flags_are_read_before_anything_heavy_is_imported(stage: str) -> None:
    assert imported(f"components.{stage}.__main__", HEAVY) == set()


@pytest.mark.parametrize("stage", [name for name in STAGES if name not in ("train", "evaluate")])
def test_what_computes_nothing_imports_nothing_to_compute_with(stage: str) -> None:
    assert imported(f"components.{stage}.stage", HEAVY) == set()


def test_a_known_model_is_fetched_without_torch(tmp_path: Path) -> None:
    flags = ["--base-model", str(make_tiny_model(tmp_path / "tiny"))]
    flags += ["--model-out", str(tmp_path / "out")]
    assert imported(f"components.fetch.__main__ as fetch; fetch.main({flags!r})", HEAVY) == set()
    assert (tmp_path / "out" / "fetch.json").is_file()


def test_evaluate_imports_no_models_but_its_own_decoder() -> None:
    assert imported("components.evaluate.stage", MODELING) == set()


def test_full_training_does_without_peft() -> None:
    assert imported("components.train.stage", ("peft", "kfp", "wandb")) == set()


def test_garbage_is_collected_again_once_a_stage_is_imported() -> None:
    line = "import gc; from components.report.__main__ import main; "
    line += """main(["--status", '{"state": "SUCCEEDED"}']); """
    line += "print(gc.isenabled(), gc.get_freeze_count() > 0)"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
