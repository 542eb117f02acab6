import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from support.wandb_files import offline_runs, offline_wandb

from components.tracking import tracked
from components.tracking.tracker import Tracker, is_on

DIGESTS = {"weights.bin": hashlib.sha256(b"weights").hexdigest()}


class Config(BaseModel):
    epochs: float | None = 2.0
    seed: int = 3


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that offline runs are written to."""
    monkeypatch.setenv("KFP_RUN_ID", "run-7")
    with offline_wandb(tmp_path):
        yield tmp_path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"weights")
    return tmp_path / "model"


def test_a_stage_is_a_run_of_its_pipeline(offline: Path, model: Path) -> None:
    with tracked("train", "ann-bob", Config()) as tracker:
        tracker.input("train-dataset", "ann-bob", model)
        for step in (1, 2):
            tracker.log(step, {"train/loss": 3.0 - step})
        tracker.table("samples", ("prompt", "text"), [("I like", " rain")])
        tracker.output("finetuned-model", "ann-bob", model, "s3://bucket/m", ("v1",))
        assert tracker.links() == {}
    run = offline_runs(offline)["train"]
    assert (run.name, run.group, run.exit_code) == ("@ann-bob-train", "run-7", 0)
    assert run.config["epochs"] == 2.0
    assert [point["train/loss"] for point in run.history if "train/loss" in point] == [2.0, 1.0]
    assert run.summary["samples.nrows"] == 1
    assert run.has_system_metrics
    inputs = run.config["inputs.train-dataset"]
    assert inputs["name"] == "dataset-ann-bob"
    assert inputs["sha256"] == DIGESTS
    (artifact,) = [one for one in run.artifacts if one.type == "finetuned-model"]
    assert artifact.name == "ann-bob"
    assert sorted(artifact.aliases) == ["latest", "v1"]
    assert json.loads(artifact.metadata) == {"uri": "s3://bucket/m", "sha256": DIGESTS}
    (entry,) = artifact.manifest.contents
    assert entry.ref == "s3://bucket/m/weights.bin"


def test_preprocess_and_the_model_keep_the_originals_names(offline: Path, model: Path) -> None:
    with tracked("prepare", "ann", Config()) as tracker:
        tracker.output("train-dataset", "ann", model)
        tracker.output("raw-dataset", "ann", model)
        tracker.output("pretrained-model", "openai-community/gpt2", model)
    run = offline_runs(offline)["preprocess"]
    assert run.name == "@ann-preprocess"
    assert {one.type: one.name for one in run.artifacts} == {
        "train-dataset": "dataset-ann",
        "raw-dataset": "tweets-ann",
        "pretrained-model": "openai-community-gpt2",
    }
    assert all(entry.ref.startswith("file:///") for entry in run.artifacts[0].manifest.contents)


def test_a_stage_that_fails_is_a_failed_run(offline: Path) -> None:
    with pytest.raises(ValueError, match="broken"), tracked("train", "ann", Config()):
        raise ValueError("broken")
    assert offline_runs(offline)["train"].exit_code == 1


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({"WANDB_API_KEY": "k"}, True),
        ({"WANDB_API_KEY": "k", "WANDB_MODE": "disabled"}, False),
        ({"WANDB_MODE": "offline"}, True),
        ({"WANDB_API_KEY": ""}, False),
    ],
)
def test_it_is_on_where_it_is_asked_for(environment: dict[str, str], on: bool) -> None:
    assert is_on(environment) is on


def test_without_it_nothing_is_imported_or_written(tmp_path: Path) -> None:
    script = (
        "import sys; from components.tracking import tracked\n"
        "from components.train.config import TrainConfig\n"
        "with tracked('train', 'ann', TrainConfig()) as tracker:\n"
        "    tracker.log(1, {'loss': 1.0}); print(tracker.links(), 'wandb' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split("\n")[0] == "{} False"
    assert list(tmp_path.iterdir()) == []


class Broken:
    """A tracker whose every call fails."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any) -> None:
            raise RuntimeError("the tracker is away")

        return fail


def test_a_tracker_that_fails_harms_nothing(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    tracker = Tracker(Broken())
    tracker.log(1, {"loss": 1.0})
    tracker.output("finetuned-model", "ann", model)
    tracker.finish(0)
    assert caplog.text.count("the tracker is away") == 1


def test_a_tracker_that_does_not_start_harms_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "k")
    monkeypatch.setitem(sys.modules, "components.tracking.wandb_backend", None)
    with tracked("train", "ann", Config()) as tracker:
        tracker.log(1, {"loss": 1.0})
        assert tracker.links() == {}
    assert "tracking is off" in caplog.text
