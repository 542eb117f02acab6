"""Several processes that train together, here on the processor."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.commands import Command, call
from support.servers import until
from support.short_of_memory import SAID
from support.tiny_models import make_tiny_model

from components.contracts.errors import BadInputError
from components.contracts.reports import TrainReport
from components.train.__main__ import main
from components.train.config import TrainConfig
from components.train.stage import run

TESTS = Path(__file__).parents[2]
BOTH = {**os.environ, "PYTHONPATH": f"{TESTS.parent}:{TESTS}"}
QUICK = TrainConfig(dtype="fp32", epochs=2, batch_tokens=128, learning_rate=1e-2, device="cpu")


BY_TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
BY_TORCHRUN += ["--standalone"]


def check_same_curve(one: TrainReport, other: TrainReport) -> None:
    """The same training to a thousandth, whatever the number of processes."""
    assert (one.tokens, one.best_step) == (other.tokens, other.best_step)
    assert len(one.curve) == len(other.curve) > 3
    for ours, theirs in zip(one.curve, other.curve, strict=True):
        assert ours.step == theirs.step
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, abs=1e-3)
        assert ours.train_loss == pytest.approx(theirs.train_loss, abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "changes"), [("gpt2", {}), ("llama", {"method": "lora", "max_seconds": 600.0})]
)
def test_two_processes_train_as_one_does(
    kind: str, changes: dict[str, object], dataset: Path, tmp_path: Path
) -> None:
    places = {"dataset": dataset, "base_model": make_tiny_model(tmp_path / "base", kind)}
    config = QUICK.model_copy(update=changes)
    one = run(config, **places, model_out=tmp_path / "one")
    two = run(config.model_copy(update={"gpus": 2}), **places, model_out=tmp_path / "two")
    check_same_curve(one, two)
    assert two.device.startswith("2 x ")
    assert two == TrainReport.read(tmp_path / "two" / "train.json")
    assert one.hyperparameters == two.hyperparameters
    names = [sorted(file.name for file in (tmp_path / out).iterdir()) for out in ("one", "two")]
    assert names[0] == names[1]


def words_of(dataset: Path, tmp_path: Path, *more: str) -> list[str]:
    base = make_tiny_model(tmp_path / "base")
    words = ["--dtype", "fp32", "--epochs", "9", "--batch-tokens", "64", "--validations", "1"]
    words += ["--patience", "1000", "--device", "cpu", "--gpus", "2", "--checkpoint-seconds", "0"]
    words += ["--dataset", str(dataset), "--base-model", str(base), *more]
    return [
        *words,
        "--model-out",
        str(tmp_path / "out"),
        "--checkpoint-uri",
        str(tmp_path / "store"),
    ]


def trained_alone(dataset: Path, tmp_path: Path, epochs: float) -> TrainReport:
    """What `words_of` asks for, trained by one process."""
    changes = {"epochs": epochs, "batch_tokens": 64, "validations": 1, "patience": 1000}
    return run(
        QUICK.model_copy(update=changes | {"learning_rate": None}),
        dataset=dataset,
        base_model=tmp_path / "base",
        model_out=tmp_path / "alone",
    )


def started(words: list[str], store: Path) -> Command:
    """The training, as soon as it has written its second checkpoint."""
    store.mkdir(exist_ok=True)
    command = Command("components.train", *words)
    seen: set[Path] = set()
    while len(seen) < 2 and not command.has_ended:
        seen |= set(store.rglob("*.pt"))
        time.sleep(0.002)
    return command


def ranks_of(process: Command) -> list[int]:
    """The processes that train, in their order; Python's own helper beside them is none."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
    return [pid for pid, line in lines.items() if "spawn_main" in line]


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_torchrun_starts_the_same_training(dataset: Path, tmp_path: Path) -> None:
    words = words_of(dataset, tmp_path, "--gpus", "1", "--epochs", "2", "--seed", "3")
    (tmp_path / "store").mkdir()
    line = [*BY_TORCHRUN, "-m", "components.train", *words]
    answer = subprocess.run(line, capture_output=True, text=True, check=True)
    assert answer.stderr.count("at best (step") == 1, "the first process alone speaks"
    report = TrainReport.read(tmp_path / "out" / "train.json")
    assert report.device.startswith("2 x ")
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def test_a_process_that_is_short_of_memory_computes_its_share_in_parts(
    dataset: Path, tmp_path: Path
) -> None:
    words = words_of(dataset, tmp_path, "--gpus", "1", "--epochs", "3")
    (tmp_path / "store").mkdir()
    line = [*BY_TORCHRUN, "-m", "support.short_of_memory", *words]
    answer = subprocess.run(line, capture_output=True, text=True, env=BOTH)
    assert answer.returncode == 0, answer.stderr
    assert SAID in answer.stderr
    alone = trained_alone(dataset, tmp_path, epochs=3)
    check_same_curve(alone, TrainReport.read(tmp_path / "out" / "train.json"))


def test_a_killed_training_of_two_goes_on_as_if_nothing_had_happened(
    dataset: Path, tmp_path: Path
) -> None:
    words = words_of(dataset, tmp_path)
    process = started(words, tmp_path / "store")
    ranks = ranks_of(process)
    process.kill()
    assert len(ranks) == 2
    until(lambda: all(map(has_ended, ranks)), "the end of both")
    assert not (tmp_path / "out").exists()
    again = call("components.train", *words)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("going on from the checkpoint at step") == 1
    alone = trained_alone(dataset, tmp_path, epochs=9)
    check_same_curve(alone, TrainReport.read(tmp_path / "out" / "train.json"))
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def test_a_process_that_is_killed_ends_the_others_with_a_sentence(
    dataset: Path, tmp_path: Path
) -> None:
    process = started(words_of(dataset, tmp_path, "--epochs", "1000"), tmp_path / "store")
    ranks = ranks_of(process)
    os.kill(ranks[1], signal.SIGKILL)
    ended = process.end()
    assert ended.returncode == 1
    assert "process 2 of the 2 that train together was killed" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert all(map(has_ended, ranks))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--batch-tokens", "1"], "--batch-tokens: a batch of 1 tokens holds 1 posts at most"),
        (["--base-model", "/nowhere"], "/nowhere is no folder"),
    ],
)
def test_what_is_wrong_in_every_process_is_said_once(
    flags: list[str], said: str, dataset: Path, tmp_path: Path
) -> None:
    answer = call("components.train", *words_of(dataset, tmp_path), *flags)
    assert answer.returncode == 2
    assert answer.stderr.count(said) == 1
    assert answer.stderr.splitlines()[-1].startswith(f"error: {said}")
    assert "Traceback" not in answer.stderr


def test_more_gpus_than_there_are_are_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--dataset", "/nowhere", "--base-model", "/nowhere", "--gpus", "3"]
    words += ["--model-out", str(tmp_path / "out")]
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(words) == 2
    assert "--gpus 3: torch" in (said := capsys.readouterr().err)
    assert "give --device cpu, too" in said
    monkeypatch.setattr("components.train.launch.why_no_gpu", lambda: "")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert main(words) == 2
    assert "--gpus 3: this machine has 2; give --gpus 2" in capsys.readouterr().err
    with pytest.raises(BadInputError, match="this machine has 2"):
        run(TrainConfig(gpus=4), dataset=tmp_path, base_model=tmp_path, model_out=tmp_path / "out")
