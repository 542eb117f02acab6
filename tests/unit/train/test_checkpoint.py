import random
import resource
import signal
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from support.commands import Command, call
from support.tiny_models import make_tiny_model

from components.contracts.reports import TrainReport
from components.storage import StorageError, open_store
from components.storage.local import is_draft
from components.train.checkpoint import Checkpoints, training_key
from components.train.config import TrainConfig
from components.train.stage import run

CONFIG = TrainConfig(dtype="fp32", epochs=10, batch_tokens=64, validations=2, patience=1000)

IMPORTS = 0.5
"""Seconds that a forked process needs before it trains, about."""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


def trained(config: TrainConfig, dataset: Path, base: Path, out: Path) -> TrainReport:
    return run(config, dataset=dataset, base_model=base, model_out=out)


@pytest.mark.parametrize(
    ("kind", "method"), [("gpt2", "full"), ("llama", "lora"), ("llama", "partial")]
)
def test_a_killed_training_goes_on_as_if_nothing_had_happened(
    kind: str, method: str, dataset: Path, store: Path, tmp_path: Path
) -> None:
    base_model = make_tiny_model(tmp_path / kind, kind)
    words = ["--method", method, "--dtype", "fp32", "--epochs", "10", "--batch-tokens", "64"]
    words += ["--validations", "2", "--patience", "1000"]
    words += ["--dataset", str(dataset), "--base-model", str(base_model)]
    words += ["--checkpoint-uri", str(store), "--checkpoint-seconds", "0"]
    words += ["--model-out", str(tmp_path / "killed")]
    _kill_in_the_middle(words, store)
    again = call("components.train", *words)
    assert again.returncode == 0, again.stderr
    assert "going on from the checkpoint at step" in again.stderr

    config = CONFIG.model_copy(update={"method": method})
    whole = trained(config, dataset, base_model, tmp_path / "whole")
    killed = TrainReport.read(tmp_path / "killed" / "train.json")
    assert killed.curve == whole.curve
    assert killed.tokens == whole.tokens
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("killed", "whole")]
    assert weights[0] == weights[1]
    left = [path for path in store.rglob("*") if path.is_file()]
    assert all(is_draft(path.name) for path in left), "but for what was written as it was killed"


def _kill_in_the_middle(words: list[str], store: Path) -> None:
    """Start a training, and kill it as its second checkpoint appears."""
    command = Command("components.train", *words)
    seen: set[Path] = set()
    while len(seen) < 2 and not command.has_ended:
        seen |= set(store.rglob("*.pt"))
        time.sleep(0.002)
    assert command.kill().returncode == -signal.SIGKILL
    assert list(store.rglob("latest.json"))


def test_another_training_has_another_key() -> None:
    keys = {
        training_key("a", "b", CONFIG, "fp32"),
        training_key("x", "b", CONFIG, "fp32"),
        training_key("a", "x", CONFIG, "fp32"),
        training_key("a", "b", CONFIG.model_copy(update={"learning_rate": 1e-5}), "fp32"),
        training_key("a", "b", CONFIG, "bf16"),
    }
    assert len(keys) == 5
    elsewhere = CONFIG.model_copy(update={"checkpoint_uri": "s3://b/c", "registry": "gs://r"})
    assert training_key("a", "b", elsewhere, "fp32") in keys


def test_checkpoints_come_on_a_clock_and_cost_little(store: Path) -> None:
    clock = Clock()
    checkpoints = Checkpoints(open_store(str(store)), "key", 60.0, clock)
    asked: list[float] = []

    def state() -> dict[str, int]:
        asked.append(clock.now)
        clock.now += 10.0  # so long it takes
        return {"step": len(asked)}

    while clock.now < 1000:
        checkpoints.offer(state)
        clock.now += 1.0
    assert asked == [60.0, 270.0, 480.0, 690.0, 900.0]
    assert len(list(store.rglob("*.pt"))) == 1
    loaded = Checkpoints(open_store(str(store)), "key", 60.0).load()
    assert loaded == {"step": 5}


@pytest.mark.parametrize("damage", ["cut", "gone", "pointer"])
def test_a_damaged_checkpoint_is_not_gone_on_from(damage: str, store: Path) -> None:
    checkpoints = Checkpoints(open_store(str(store)), "key", 0.0)
    checkpoints.offer(lambda: {"step": 1})
    (file,) = store.rglob("*.pt")
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "gone":
        file.unlink()
    else:
        (store / "key" / "latest.json").write_text("{")
    assert Checkpoints(open_store(str(store)), "key", 0.0).load() is None


def test_a_store_that_fails_while_training_stops_nothing(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_store(str(store))

    def refuse(*_: object) -> None:
        raise StorageError("the bucket is gone")

    monkeypatch.setattr(opened, "upload", refuse)
    Checkpoints(opened, "key", 0.0).offer(lambda: {"step": 1})
    assert not list(store.rglob("latest.json"))


@pytest.mark.parametrize("error", [RuntimeError("file write failed"), OSError(28, "disk full")])
def test_a_disk_that_is_full_while_training_stops_nothing(
    error: Exception, store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(torch, "save", refuse)
    Checkpoints(open_store(str(store)), "key", 0.0).offer(lambda: {"step": 1})
    assert "no checkpoint could be written" in caplog.text
    assert not list(store.rglob("*"))


def test_a_training_beside_a_full_disk_ends_with_its_model(
    dataset: Path, base_model: Path, store: Path, tmp_path: Path
) -> None:
    largest = 2 * (base_model / "model.safetensors").stat().st_size  # a checkpoint is twice that
    words = ["--method", "full", "--dtype", "fp32", "--epochs", "1"]
    words += ["--dataset", str(dataset), "--base-model", str(base_model)]
    words += ["--checkpoint-uri", str(store), "--checkpoint-seconds", "0"]
    words += ["--model-out", str(tmp_path / "out")]
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (largest, largest))
    answer = call("components.train", *words, before=limit)
    assert answer.returncode == 0, answer.stderr
    assert "no checkpoint could be written" in answer.stderr
    assert (tmp_path / "out" / "train.json").is_file()


@pytest.mark.parametrize(
    ("scheme", "kills"),
    [
        ("folder", 2),
        pytest.param("folder", 20, marks=pytest.mark.long),
        pytest.param("s3", 20, marks=[pytest.mark.long, pytest.mark.stores]),
        pytest.param("gs", 20, marks=[pytest.mark.long, pytest.mark.stores]),
    ],
)
def test_a_training_killed_at_random_moments_ends_as_one_that_was_not(
    scheme: str, kills: int, dataset: Path, store: Path, tmp_path: Path, request: Any
) -> None:
    uri, variables = str(store), {}
    if scheme != "folder":
        server = request.getfixturevalue("store_servers")(scheme)
        uri = f"{server.uri}/{uuid.uuid4()}"
        variables = server.environment()
    base_model = make_tiny_model(tmp_path / "base")
    words = ["--dtype", "fp32", "--epochs", "10"]
    words += ["--batch-tokens", "64", "--validations", "2", "--patience", "1000"]
    words += ["--dataset", str(dataset), "--base-model", str(base_model)]
    words += ["--model-out", str(tmp_path / "killed"), "--checkpoint-seconds", "0"]
    words += ["--checkpoint-uri", uri]
    started = time.monotonic()
    whole = trained(CONFIG, dataset, base_model, tmp_path / "whole")
    lasts = time.monotonic() - started + IMPORTS
    chance = random.Random(kills)
    for _ in range(kills):
        command = Command("components.train", *words, variables=variables)
        time.sleep(chance.uniform(0, lasts))
        command.kill()
    ended = call("components.train", *words, variables=variables)
    assert ended.returncode == 0, ended.stderr
    assert TrainReport.read(tmp_path / "killed" / "train.json").curve == whole.curve
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("killed", "whole")]
    assert weights[0] == weights[1]


def test_checkpoints_leave_no_trace_in_the_report(
    dataset: Path, base_model: Path, store: Path, tmp_path: Path
) -> None:
    where = {"checkpoint_uri": str(store), "checkpoint_seconds": 0.0}
    config = CONFIG.model_copy(update=where)
    one, two = (
        trained(each, dataset, base_model, tmp_path / name)
        for each, name in ((CONFIG, "without"), (config, "with"))
    )
    assert one.hyperparameters == two.hyperparameters
    assert one.curve == two.curve
