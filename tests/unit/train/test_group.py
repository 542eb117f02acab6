"""Several processes that train together, here on the processor."""

import os
import signal
import time
from pathlib import Path

import pytest
from support.commands import Command, call
from support.forked_group import (
    SAID,
    fork_group,
    fork_group_short_of_memory,
    fork_group_with_a_small_sample,
)
from support.servers import until
from support.tiny_models import make_tiny_model

from components.contracts.errors import BadInputError
from components.contracts.reports import TrainReport
from components.train import sampled_softmax
from components.train.__main__ import main
from components.train.config import TrainConfig
from components.train.stage import run

QUICK = TrainConfig(
    method="full", dtype="fp32", epochs=2, batch_tokens=128, learning_rate=1e-2, device="cpu"
)
BY_TORCHRUN = ["--nproc-per-node", "2", "--standalone", "-m", "components.train"]


def check_same_curve(one: TrainReport, other: TrainReport) -> None:
    """The same training to a thousandth, whatever the number of processes."""
    assert (one.tokens, one.best_step) == (other.tokens, other.best_step)
    assert len(one.curve) == len(other.curve) > 3
    for ours, theirs in zip(one.curve, other.curve, strict=True):
        assert ours.step == theirs.step
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, abs=1e-3)
        assert ours.train_loss == pytest.approx(theirs.train_loss, abs=1e-3)


def check_same_training(one: TrainReport, other: TrainReport, *folders: Path) -> None:
    """The same, and the second was of two processes."""
    check_same_curve(one, other)
    assert other.device.startswith("2 x ")
    assert one.hyperparameters == other.hyperparameters
    names = [sorted(file.name for file in folder.iterdir()) for folder in folders]
    assert names[0] == names[1]


def test_two_processes_train_as_one_does(dataset: Path, tmp_path: Path) -> None:
    places = {"dataset": dataset, "base_model": make_tiny_model(tmp_path / "base")}
    one = run(QUICK, **places, model_out=tmp_path / "one")
    two = run(QUICK.model_copy(update={"gpus": 2}), **places, model_out=tmp_path / "two")
    check_same_training(one, two, tmp_path / "one", tmp_path / "two")
    assert two == TrainReport.read(tmp_path / "two" / "train.json")


def test_two_processes_train_an_adapter_as_one_does(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COMMONEST", "DRAWN"):
        monkeypatch.setattr(sampled_softmax, name, 8)
    base = make_tiny_model(tmp_path / "base", "llama")
    config = QUICK.model_copy(update={"method": "lora", "max_seconds": 600.0})
    one = run(config, dataset=dataset, base_model=base, model_out=tmp_path / "one")
    settings = config.model_copy(update={"gpus": 2}).model_dump(exclude_defaults=True)
    words = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    words += ["--dataset", str(dataset), "--base-model", str(base)]
    words += ["--model-out", str(tmp_path / "two")]
    answer = call("components.train", *words, before=fork_group_with_a_small_sample)
    assert answer.returncode == 0, answer.stderr
    two = TrainReport.read(tmp_path / "two" / "train.json")
    check_same_training(one, two, tmp_path / "one", tmp_path / "two")


def words_of(dataset: Path, tmp_path: Path, *more: str) -> list[str]:
    base = make_tiny_model(tmp_path / "base")
    words = ["--method", "full", "--dtype", "fp32", "--epochs", "9", "--batch-tokens", "64"]
    words += ["--validations", "1"]
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
    command = Command("components.train", *words, before=fork_group)
    seen: set[Path] = set()
    while len(seen) < 2 and not command.has_ended:
        seen |= set(store.rglob("*.pt"))
        time.sleep(0.002)
    return command


def ranks_of(process: Command) -> list[int]:
    """The processes that train, in their order; Python's own helper beside them is none."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
    return [pid for pid, line in lines.items() if "resource_tracker" not in line]


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_torchrun_starts_the_same_training(dataset: Path, tmp_path: Path) -> None:
    words = words_of(dataset, tmp_path, "--gpus", "1", "--epochs", "2", "--seed", "3")
    (tmp_path / "store").mkdir()
    answer = call("torch.distributed.run", *BY_TORCHRUN, *words)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr.count("at best (step") == 1, "the first process alone speaks"
    report = TrainReport.read(tmp_path / "out" / "train.json")
    assert report.device.startswith("2 x ")
    assert not [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def test_a_process_that_is_short_of_memory_computes_its_share_in_parts(
    dataset: Path, tmp_path: Path
) -> None:
    words = words_of(dataset, tmp_path, "--epochs", "3")
    (tmp_path / "store").mkdir()
    answer = call("components.train", *words, before=fork_group_short_of_memory)
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
    again = call("components.train", *words, before=fork_group)
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
        (["--base-model", "/nowhere"], "/nowhere is not a folder"),
    ],
)
def test_what_is_wrong_in_every_process_is_said_once(
    flags: list[str], said: str, dataset: Path, tmp_path: Path
) -> None:
    words = words_of(dataset, tmp_path, *flags)
    answer = call("components.train", *words, before=fork_group)
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
