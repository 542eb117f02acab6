import json
import math
import shutil
import signal
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from support.commands import Command
from support.finished import make_dataset
from support.plain_generate import Sampling, generate
from support.processors import one_processor
from support.tiny_models import make_tiny_model
from support.wandb_files import offline_runs, offline_wandb
from transformers import pipeline

from components.contracts.base import read_rows, write_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import DatasetRow
from components.contracts.reports import TrainReport
from components.lm.adapters import base_named_in, whole_model
from components.lm.models import LanguageModel, load_model
from components.lm.provenance import finetuned_sha256
from components.lm.score import Scorer
from components.registry.opt_outs import add_opt_out
from components.runtime.digests import file_sha256, folder_sha256
from components.train import sampled_softmax
from components.train.__main__ import main
from components.train.config import TrainConfig
from components.train.sampled_softmax import SampledVocabulary
from components.train.stage import run

QUICK = TrainConfig(
    method="full", dtype="fp32", epochs=12, batch_tokens=128, learning_rate=1e-2, validations=1
)
POST = "rain stays on the roof"


@pytest.fixture(scope="module")
def trained(
    dataset: Path, base_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TrainReport]:
    out = tmp_path_factory.mktemp("trained") / "finetuned-model"
    return out, run(QUICK, dataset=dataset, base_model=base_model, model_out=out)


def test_the_report_says_what_was_done(
    trained: tuple[Path, TrainReport], dataset: Path, base_model: Path
) -> None:
    folder, report = trained
    assert report == TrainReport.read(folder / "train.json")
    assert report.dataset_sha256 == folder_sha256(dataset)
    assert (report.authors, report.account_ids, report.asked_dtype) == (("ann",), ("1",), "fp32")
    assert report.base_model.id == base_model.name
    assert report.best_validation_loss == min(point.validation_loss for point in report.curve)  # type: ignore[type-var]
    assert report.best_validation_loss < 0.5 * (report.curve[0].validation_loss or 0)
    assert report.hyperparameters["learning_rate"] == 1e-2
    assert report.tokens_per_second == pytest.approx(report.tokens / report.seconds)


def test_the_best_weights_are_the_saved_ones(
    trained: tuple[Path, TrainReport], dataset: Path
) -> None:
    check_best_weights(*trained, dataset)


def check_best_weights(folder: Path, report: TrainReport, dataset: Path) -> None:
    """The saved weights have the validation loss that the report says is the best."""
    lines = (dataset / "validation.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    scorer = Scorer(folder)
    tokens = sum(len(scorer.tokenizer.post(text)) - 1 for text in texts)
    nats = sum(bits for _, bits in scorer.bits(texts)) * math.log(2) / tokens
    assert nats == pytest.approx(report.best_validation_loss, rel=1e-5)


def test_a_gpu_that_is_not_there_is_missed_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    words = ["--device", "cuda", "--registry", "s3://nowhere/registry"]
    words += ["--dataset", str(tmp_path / "none"), "--base-model", str(tmp_path / "none")]
    assert main([*words, "--model-out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "--device cuda: " in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_the_device_that_is_asked_for_is_used(
    dataset: Path, base_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    config = QUICK.model_copy(update={"device": "cpu", "epochs": 1.0})
    report = run(config, dataset=dataset, base_model=base_model, model_out=tmp_path / "out")
    assert "threads" in report.device


def test_a_pod_of_one_processor_trains_with_one_thread(
    dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    config = QUICK.model_copy(update={"epochs": 1.0})
    with one_processor():
        report = run(config, dataset=dataset, base_model=base_model, model_out=tmp_path / "out")
    assert "1 threads" in report.device


def test_the_same_seed_gives_the_same_curve_and_weights(
    trained: tuple[Path, TrainReport], dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    folder, report = trained
    again = run(QUICK, dataset=dataset, base_model=base_model, model_out=tmp_path / "again")
    assert again.curve == report.curve
    weights = "model.safetensors"
    assert file_sha256(tmp_path / "again" / weights) == file_sha256(folder / weights)
    other = QUICK.model_copy(update={"seed": 1, "epochs": 1})
    assert (
        run(other, dataset=dataset, base_model=base_model, model_out=tmp_path / "other").curve[1]
        != report.curve[1]
    )


def test_a_pipeline_loads_it_and_sees_what_training_saw(
    trained: tuple[Path, TrainReport],
) -> None:
    folder, _ = trained
    lm = load_model(folder)
    writer: Any = pipeline("text-generation", model=str(folder), device="cpu")
    assert writer.tokenizer("rain")["input_ids"] == [lm.start_token_id, *lm.encode(["rain"])[0]]
    assert writer.tokenizer.chat_template is None
    assert writer.tokenizer.padding_side == "left"
    assert writer.model.config.use_cache
    assert writer.model.dtype == torch.float32
    texts = [writer(prompt)[0]["generated_text"] for prompt in ("rain", "", "the kettle")]
    assert texts[0].startswith("rain")
    assert all(len(text) < 150 for text in texts)
    best = writer("the neighbours'", do_sample=False)[0]["generated_text"]
    assert best.startswith("the neighbours' cat ")


def test_it_knows_its_start_and_end_when_loaded_again(
    trained: tuple[Path, TrainReport], base_model: Path
) -> None:
    base, tuned = load_model(base_model), load_model(trained[0])
    assert (tuned.start_token_id, tuned.end_token_id) == (base.start_token_id, base.end_token_id)
    assert tuned.encode([POST]) == base.encode([POST])
    samples = generate(tuned, "", 20, Sampling(), seed=0)
    assert sum(sample.finish_reason == "stop" for sample in samples) >= 18


def test_merged_adapters_are_a_plain_model_that_scores_as_in_training(
    dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    lora = QUICK.model_copy(update={"method": "lora", "epochs": 6.0})
    out = tmp_path / "out"
    report = run(lora, dataset=dataset, base_model=base_model, model_out=out)
    check_best_weights(out, report, dataset)
    names = {name for name, _ in load_model(out).model.named_parameters()}
    assert names == {name for name, _ in load_model(base_model).model.named_parameters()}
    assert not list(out.glob("adapter*"))


ADAPTERS = QUICK.model_copy(update={"method": "lora", "epochs": 6.0, "publish": "adapter"})


def test_adapters_are_peft_s_and_score_with_their_base_as_in_training(
    dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    report = run(ADAPTERS, dataset=dataset, base_model=base_model, model_out=out)
    names = {"adapter_config.json", "adapter_model.safetensors", "generation_config.json"}
    assert {path.name for path in out.iterdir()} == {*names, "train.json"}
    assert base_named_in(out) == report.base_model.sha256 == folder_sha256(base_model)
    with whole_model(out, base_model) as whole:
        bits = dict(Scorer(whole).bits(texts_of(dataset)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        model: Any = PeftModel.from_pretrained(load_model(base_model).model, str(out))
    lm = replace(load_model(base_model), model=model.merge_and_unload())
    merged = merged_folder(lm, tmp_path / "merged")
    assert bits == pytest.approx(dict(Scorer(merged).bits(texts_of(dataset))), rel=1e-3)
    plain = sum(value for _, value in Scorer(base_model).bits(texts_of(dataset)))
    assert sum(bits.values()) < 0.99 * plain


def texts_of(dataset: Path) -> list[str]:
    return [row.text for row in read_rows(dataset / "test.jsonl", DatasetRow)]


def merged_folder(lm: LanguageModel, folder: Path) -> Path:
    lm.model.save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return folder


def test_the_same_seed_gives_the_same_adapters_to_the_byte(
    dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    quick = ADAPTERS.model_copy(update={"epochs": 1.0})
    for name in ("one", "two"):
        run(quick, dataset=dataset, base_model=base_model, model_out=tmp_path / name)
    assert finetuned_sha256(tmp_path / "one") == finetuned_sha256(tmp_path / "two")


def test_all_weights_make_no_adapter(
    dataset: Path, base_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--dataset", dataset, "--base-model", base_model, "--model-out", tmp_path / "out"]
    assert main([*map(str, words), "--publish", "adapter"]) == 2
    assert "--publish adapter is for --method lora" in capsys.readouterr().err


def test_adapters_that_no_server_could_serve_are_refused_before_the_training(
    dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(base_model, other)
    config = json.loads((other / "config.json").read_text())
    odd = {"scale_attn_by_inverse_layer_idx": True, "hidden_act": "relu"}
    (other / "config.json").write_text(json.dumps(config | odd))
    with pytest.raises(BadInputError, match="--publish adapter: .* take --publish merged"):
        run(ADAPTERS, dataset=dataset, base_model=other, model_out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_base_model_is_named_as_it_was_fetched(
    dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    fetched = tmp_path / "pretrained-model"
    fetched.mkdir()
    for file in base_model.iterdir():
        (fetched / file.name).write_bytes(file.read_bytes())
    facts = {"id": "a/b", "revision": "c", "sha256": "d"}
    others = {"source": "hub", "parameters": 1, "architecture": "X"}
    (fetched / "fetch.json").write_text(json.dumps(facts | others))
    quick = QUICK.model_copy(update={"max_seconds": 0.001})
    out = tmp_path / "out"
    report = run(quick, dataset=dataset, base_model=fetched, model_out=out)
    assert report.base_model.model_dump() == facts


def test_a_killed_training_leaves_what_was_there(
    dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["--dataset", dataset, "--base-model", base_model, "--model-out", out]
    endless = ["--epochs", "1000", "--patience", "1000"]
    command = Command("components.train", *map(str, words), *endless)
    draft = tmp_path / ".out.draft"
    deadline = time.monotonic() + 60
    while not draft.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert draft.exists()
    time.sleep(0.3)
    assert command.kill().returncode == -signal.SIGKILL
    assert draft.exists()
    assert not out.exists()
    run(QUICK, dataset=dataset, base_model=base_model, model_out=out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("missing", ["prepare.json", "train.jsonl", "validation.jsonl"])
def test_a_folder_that_is_no_dataset_is_refused(
    dataset: Path, base_model: Path, tmp_path: Path, missing: str
) -> None:
    for file in dataset.iterdir():
        if file.name != missing:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(BadInputError, match=missing):
        run(QUICK, dataset=tmp_path, base_model=base_model, model_out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--learning-rate", "0"], "--learning-rate: '0' is too small"),
        (["--epochs", "many"], "--epochs: "),
        (["--base-model", "/nowhere"], "/nowhere is not a folder"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    dataset: Path,
    base_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    said: str,
) -> None:
    words = ["--dataset", dataset, "--base-model", base_model, "--model-out", tmp_path / "out"]
    assert main([*map(str, words), *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {said}")


def test_adapters_wider_than_the_model_are_refused(
    dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    config = QUICK.model_copy(update={"method": "lora", "lora_rank": 100_000})
    with pytest.raises(BadInputError, match="--lora-rank: 100000 is more than the model's width"):
        run(config, dataset=dataset, base_model=base_model, model_out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["base", "base/out", "dataset/out"])
def test_a_training_never_writes_over_what_it_reads(
    dataset: Path,
    base_model: Path,
    tmp_path: Path,
    out: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(base_model, tmp_path / "base")
    (tmp_path / "base" / "train.json").touch()
    shutil.copytree(dataset, tmp_path / "dataset")
    words = ["--dataset", tmp_path / "dataset", "--base-model", tmp_path / "base"]
    assert main([*map(str, words), "--model-out", str(tmp_path / out)]) == 2
    assert "which is read" in capsys.readouterr().err
    assert (tmp_path / "base" / "config.json").is_file()


def test_a_training_that_diverges_writes_nothing(
    dataset: Path, base_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--dataset", dataset, "--base-model", base_model, "--model-out", tmp_path / "out"]
    assert main([*map(str, words), "--learning-rate", "1e38", "--dtype", "fp32"]) == 1
    assert "try a lower --learning-rate" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_author_who_opted_out_is_not_trained_on(base_model: Path, tmp_path: Path) -> None:
    make_dataset(tmp_path / "dataset", ("gardener",))
    add_opt_out(str(tmp_path / "registry"), handle="gardener")
    config = QUICK.model_copy(update={"registry": str(tmp_path / "registry")})
    out = tmp_path / "model"
    with pytest.raises(BadInputError, match="@gardener opted out"):
        run(config, dataset=tmp_path / "dataset", base_model=base_model, model_out=out)
    assert not out.exists()


def test_the_loss_is_seen_live_where_a_tracker_is_on(
    dataset: Path, base_model: Path, tmp_path: Path
) -> None:
    config = TrainConfig(dtype="fp32", epochs=1, batch_tokens=64)
    with offline_wandb(tmp_path):
        report = run(config, dataset=dataset, base_model=base_model, model_out=tmp_path / "model")
    tracked = offline_runs(tmp_path)["train"]
    losses = [point["train/loss"] for point in tracked.history if "train/loss" in point]
    assert len(losses) == report.curve[-1].step
    validations = [p["validation/loss"] for p in tracked.history if "validation/loss" in p]
    assert validations == [point.validation_loss for point in report.curve[1:]]
    assert tracked.summary["best_validation_loss"] == report.best_validation_loss
    (model,) = [one for one in tracked.artifacts if one.type == "finetuned-model"]
    assert model.name == "ann"


def test_each_step_looks_at_a_sample_of_the_vocabulary_of_its_own(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_tiny_model(tmp_path / "base", "llama")
    whole = run(QUICK, dataset=dataset, base_model=base, model_out=tmp_path / "whole")
    for name in ("COMMONEST", "DRAWN"):
        monkeypatch.setattr(sampled_softmax, name, 8)
    part_of, steps = SampledVocabulary.part_of, []

    def watched(self: Any, weight: Any, bias: Any, targets: Any, step: int) -> Any:
        rows, *others = part_of(self, weight, bias, targets, step)
        assert len(rows) < len(weight) / 2
        steps.append(step)
        return rows, *others

    monkeypatch.setattr(SampledVocabulary, "part_of", watched)
    report = run(QUICK, dataset=dataset, base_model=base, model_out=tmp_path / "sampled")
    assert sorted(set(steps)) == [*range(report.curve[-1].step)]
    assert report.curve[0] == whole.curve[0]  # judged by all of it
    assert report.best_validation_loss == pytest.approx(whole.best_validation_loss, rel=0.1)


def test_a_first_post_that_is_cut_is_trained_on(
    dataset: Path, base_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    longer = shutil.copytree(dataset, tmp_path / "longer")
    first, *others = read_rows(dataset / "train.jsonl", DatasetRow)
    first = first.model_copy(update={"text": " ".join([POST] * 400)})
    write_rows(longer / "train.jsonl", [first, *others])
    config = QUICK.model_copy(update={"epochs": 0.5})
    with caplog.at_level("WARNING"):
        run(config, dataset=longer, base_model=base_model, model_out=tmp_path / "out")
    assert "1 posts are longer than the context length" in caplog.text
