import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard
from support.adapters import make_adapter
from support.finished import (
    SAMPLES,
    Folders,
    make_base,
    make_dataset,
    make_evaluation_report,
    make_finished,
)
from support.tiny_models import make_tiny_model

from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.evaluation import EvaluationReport
from components.contracts.posts import DatasetRow, Sample
from components.contracts.registry import Manifest, PostHashes
from components.contracts.reports import (
    BaseModelFacts,
    CollectReport,
    FetchReport,
    PrepareReport,
)
from components.gate.judgement import GateFailedError
from components.publish.config import PublishConfig
from components.publish.inputs import read_story
from components.publish.lineage import lineage_of
from components.publish.stage import run
from components.registry import Registry
from components.registry.opt_outs import add_opt_out
from components.registry.post_hashes import POST_HASHES, post_keys
from components.registry.stale import mark_stale
from components.runtime.digests import file_sha256, folder_sha256
from components.text.ngrams import words_of
from components.text.spans import BEGINNINGS, SPANS, SpanFilter

CONFIG = PublishConfig()


def publish(folders: Folders, registry: Path, **more: object) -> tuple[Manifest, Path]:
    """Publish, and give the manifest and the version's folder."""
    name = more.pop("name", "gardener")
    manifest = run(CONFIG, **folders._asdict(), registry=str(registry), name=name, **more)
    return manifest, registry / manifest.persona / "versions" / str(manifest.version)


def test_a_version_is_the_model_its_card_and_its_figures(folders: Folders, tmp_path: Path) -> None:
    manifest, version = publish(folders, tmp_path)
    names = {path.name for path in version.iterdir()}
    assert {"model.safetensors", "tokenizer.json", "config.json", "generation_config.json"} <= names
    published = {"train.json", "evaluation.json", "README.md", "manifest.json", SPANS, BEGINNINGS}
    assert published <= names
    assert "report.html" not in names
    assert (version / "report-public.html").read_text() == "<p>it quotes nobody</p>"
    assert "samples.jsonl" not in names
    assert manifest.version == 1
    assert Registry.open(str(tmp_path)).verify() == []


@pytest.mark.parametrize("dtype", ["f16", "q8_0"])
def test_a_gguf_file_is_one_of_the_version(dtype: Any, folders: Folders, tmp_path: Path) -> None:
    config = PublishConfig(gguf=dtype)
    run(config, **folders._asdict(), registry=str(tmp_path), name="gardener")
    version = tmp_path / "gardener" / "versions" / "1"
    file = version / f"gardener-{dtype}.gguf"
    assert file.read_bytes()[:4] == b"GGUF"
    assert file.name in (version / "README.md").read_text()
    entries = {entry.path: entry.size for entry in Manifest.read(version / "manifest.json").files}
    assert entries[file.name] == file.stat().st_size
    assert Registry.open(str(tmp_path)).verify() == []


def test_a_model_that_makes_no_gguf_is_refused_before_anything_is_published(
    folders: Folders, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    shutil.copytree(folders.model, made / "weights", ignore=shutil.ignore_patterns("train.json"))
    config = json.loads((made / "weights" / "config.json").read_text())
    (made / "weights" / "config.json").write_text(
        json.dumps(config | {"activation_function": "relu"})
    )
    others = make_finished(made / "finished", made / "weights")
    registry = tmp_path / "registry"
    with pytest.raises(BadInputError, match="--gguf: .*'relu', so publish without --gguf"):
        run(PublishConfig(gguf="f16"), **others._asdict(), registry=str(registry), name="gardener")
    assert not registry.exists(), "nothing is published, and nothing else made"


def test_a_model_of_before_is_published_for_transformers_4_as_well(
    folders: Folders, tmp_path: Path
) -> None:
    kept = json.loads((folders.model / "tokenizer_config.json").read_text())
    assert kept["tokenizer_class"] == "TokenizersBackend", "it shows nothing"
    _, version = publish(folders, tmp_path)
    settings = json.loads((version / "tokenizer_config.json").read_text())
    assert settings["tokenizer_class"] == "PreTrainedTokenizerFast"


@pytest.mark.parametrize("said", ["false", "False"])
def test_what_evaluate_did_not_let_pass_is_refused_with_the_gates_words(
    said: str, folders: Folders, tmp_path: Path
) -> None:
    failed = folders._replace(evaluation=tmp_path / "failed")
    failed.evaluation.mkdir()
    make_evaluation_report(passed=False).write(failed.evaluation / "evaluation.json")
    with pytest.raises(GateFailedError, match=r"did not pass the gate.*failed, being 7\.2%") as end:
        publish(failed, tmp_path / "registry", proceed=said)
    assert end.value.exit_code == 1
    assert not (tmp_path / "registry").exists(), "nothing is published, and nothing else made"


@pytest.mark.parametrize("said", ["", "fals", "no", "1"])
def test_what_is_neither_true_nor_false_publishes_nothing(
    said: str, folders: Folders, tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match="--proceed"):
        publish(folders, tmp_path / "registry", proceed=said)
    assert not (tmp_path / "registry").exists()


def test_it_says_the_version_and_the_digest_of_its_manifest(
    folders: Folders, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "components.publish")
    _, version = publish(folders, tmp_path)
    assert f"gardener@1, manifest sha256 {file_sha256(version / 'manifest.json')}" in caplog.text


def test_the_manifest_says_what_evaluate_measured_of_each_dtype(
    folders: Folders, tmp_path: Path
) -> None:
    manifest, version = publish(folders, tmp_path)
    assert manifest.formats == {"fp32": 2.0, "bf16": 2.001, "int8": 2.01}
    assert EvaluationReport.read(version / "evaluation.json").formats == manifest.formats


def test_an_older_evaluation_without_these_figures_is_published(
    folders: Folders, tmp_path: Path
) -> None:
    older = folders._replace(evaluation=tmp_path / "older")
    shutil.copytree(folders.evaluation, older.evaluation)
    file = older.evaluation / "evaluation.json"
    document = json.loads(file.read_text())
    del document["formats"]
    file.write_text(json.dumps(document))
    manifest, _ = publish(older, tmp_path / "registry")
    assert manifest.formats == {}


def test_latest_moves_and_production_does_not(folders: Folders, tmp_path: Path) -> None:
    publish(folders, tmp_path)
    manifest, _ = publish(folders, tmp_path)
    registry = Registry.open(str(tmp_path))
    latest = registry.alias("gardener", "latest")
    assert latest is not None
    assert latest.version == manifest.version == 2
    assert registry.alias("gardener", "production") is None


def test_a_step_that_is_tried_again_makes_no_second_version(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KFP_RUN_ID", "run-7")
    cards = [tmp_path / name / "card" for name in ("first", "second")]
    first, second = (publish(folders, tmp_path / "registry", card_out=card)[0] for card in cards)
    assert first == second
    assert cards[0].read_bytes() == cards[1].read_bytes() != b""
    monkeypatch.setenv("KFP_RUN_ID", "run-8")
    third, folder = publish(folders, tmp_path / "registry", card_out=cards[0])
    assert third.version == 2
    assert cards[0].read_bytes() == (folder / "README.md").read_bytes()


def test_the_package_holds_no_post(weights: Path, tmp_path: Path) -> None:
    """Not even where the model has learned one by heart and says it first."""
    folders = make_finished(tmp_path / "made", weights)
    posts = [row.text for row in read_rows(folders.dataset / "train.jsonl", DatasetRow)]
    parrot = [
        Sample(prompt="My dream is", index=index, text=f" {post}", finish_reason="stop")
        for index, post in enumerate(sorted(posts, key=len, reverse=True)[:3])
    ]
    lines = "".join(sample.model_dump_json() + "\n" for sample in (*parrot, *SAMPLES))
    (folders.evaluation / "samples.jsonl").write_text(lines)
    _, version = publish(folders, tmp_path / "registry")
    runs = {run for post in posts for run in eight_grams(post)}
    for file in version.iterdir():
        if file.suffix != ".safetensors":
            assert not runs & eight_grams(file.read_text(errors="replace")), file
    assert "a lamp that reads to me" in (version / "README.md").read_text()


def test_it_knows_the_runs_of_the_training_posts(folders: Folders, tmp_path: Path) -> None:
    _, version = publish(folders, tmp_path)
    spans = SpanFilter.read(version / SPANS)
    for split, known in (("train", True), ("test", False)):
        posts = read_rows(folders.dataset / f"{split}.jsonl", DatasetRow)
        runs = {run for post in posts for run in eight_grams(post.text)}
        assert runs
        assert all((run in spans) == known for run in runs)


def eight_grams(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {words[start : start + 8] for start in range(len(words) - 7)}


def test_only_files_that_cannot_run_are_taken(weights: Path, tmp_path: Path) -> None:
    harmless = tmp_path / "weights"
    shutil.copytree(weights, harmless)
    for name in ("model.py", "training.bin", ".secret"):
        (harmless / name).write_text("x")
    folders = make_finished(tmp_path / "made", harmless)
    _, version = publish(folders, tmp_path / "registry")
    assert not {"model.py", "training.bin", ".secret"} & {path.name for path in version.iterdir()}


def test_the_lineage_goes_from_input_to_model(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {
        "HUGGINGTWEETS_IMAGE_TRAIN": "registry.example/train@sha256:1",
        "WANDB_RUN_ID": "run7",
        "WANDB_API_KEY": "secret-key",
        "HOME": "/home/someone",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    manifest, version = publish(folders, tmp_path)
    lineage = manifest.lineage
    prepared = PrepareReport.read(folders.dataset / "prepare.json")
    assert lineage.digests.inputs == {"gardener": prepared.collected[0].input_sha256}
    assert lineage.consent == {"gardener": "fictional"}
    assert {"collect", "fetch", "prepare", "train", "evaluate"} <= lineage.model_dump().keys()
    assert lineage.images == {"train": "registry.example/train@sha256:1"}
    assert lineage.runs == {"wandb": "run7"}
    for file in version.glob("*.json"):
        text = file.read_text()
        assert "secret-key" not in text
        assert "/home/someone" not in text
        assert str(folders.dataset.parent) not in text


def test_every_raw_dataset_of_an_author_is_in_the_lineage(weights: Path, tmp_path: Path) -> None:
    folders = make_finished(tmp_path / "made", weights)
    prepared = PrepareReport.read(folders.dataset / "prepare.json")
    more = {"author": "Gardener", "input_sha256": "1" * 64, "consent": "own-archive"}
    second = prepared.collected[0].model_copy(update=more)
    two = prepared.model_copy(update={"collected": (*prepared.collected, second)})
    lineage = lineage_of(read_story(*folders)._replace(prepared=two), {})
    assert lineage.digests.inputs == {"gardener": "0" * 64, "gardener/2": "1" * 64}
    assert lineage.consent == {"gardener": "fictional", "gardener/2": "own-archive"}
    assert lineage.model_dump()["collect"]["gardener/2"]["author"] == "Gardener"


def test_an_author_who_opted_out_is_refused(mixed: Folders, tmp_path: Path) -> None:
    add_opt_out(str(tmp_path), handle="@Baker_2")
    with pytest.raises(BadInputError, match="opted out"):
        publish(mixed, tmp_path)
    assert Registry.open(str(tmp_path)).personas() == []


def test_an_account_that_opted_out_is_refused(folders: Folders, tmp_path: Path) -> None:
    add_opt_out(str(tmp_path), account_id="1")
    with pytest.raises(BadInputError, match="opted out"):
        publish(folders, tmp_path)


def test_folders_that_do_not_belong_together_are_refused(
    folders: Folders, mixed: Folders, tmp_path: Path
) -> None:
    make_dataset(tmp_path / "dataset", authors=["someone"])
    make_base(tmp_path / "base", make_tiny_model(tmp_path / "weights", "llama"))
    wrong = {
        "was not trained on": folders._replace(dataset=tmp_path / "dataset"),
        "was not trained from": folders._replace(base_model=tmp_path / "base"),
        "was not taken on": folders._replace(evaluation=mixed.evaluation),
        "is not a finetuned-model": folders._replace(model=folders.base_model),
        "is not a finished evaluation": folders._replace(evaluation=folders.dataset),
    }
    for sentence, given in wrong.items():
        with pytest.raises(BadInputError, match=sentence):
            publish(given, tmp_path / "registry")
    assert not (tmp_path / "registry").exists()


def test_a_name_that_cannot_be_a_persona_is_refused(folders: Folders, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="cannot name a persona"):
        publish(folders, tmp_path, name="../up")


def raw_dataset(folder: Path, author: str, picture: str) -> Path:
    folder.mkdir()
    (folder / "picture.png").write_bytes(b"\x89PNG of " + author.encode())
    report = CollectReport(
        author=author, source="table:x.csv", consent="fictional", input_sha256="0", oldest=None,
        counts={"downloaded": 0, "reposts": 0, "replies": 0, "quotes": 0}, newest=None,
        picture=picture,
    )  # fmt: skip
    report.write(folder / "collect.json")
    return folder


def test_pictures_come_in_the_order_of_the_authors(mixed: Folders, tmp_path: Path) -> None:
    raw = [raw_dataset(tmp_path / name, name, "picture.png") for name in ("gardener", "baker_2")]
    _, version = publish(mixed, tmp_path / "registry", raw_dataset=raw)
    assert (version / "picture-1.png").read_bytes().endswith(b"baker_2")
    assert (version / "picture-2.png").read_bytes().endswith(b"gardener")
    assert (version / "README.md").read_text().count('<img src="picture-') == 2


def test_a_handle_is_the_same_whatever_its_case(mixed: Folders, tmp_path: Path) -> None:
    raw = [raw_dataset(tmp_path / "raw", "GARDENER", "picture.png")]
    _, version = publish(mixed, tmp_path / "registry", raw_dataset=raw)
    assert (version / "picture-1.png").is_file()


def test_a_picture_outside_of_its_folder_is_left_out(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "passwords.png").write_text("secret")
    raw = raw_dataset(tmp_path / "raw", "gardener", "../passwords.png")
    _, version = publish(folders, tmp_path / "registry", raw_dataset=[raw])
    assert not list(version.glob("picture*"))


def test_a_raw_dataset_of_somebody_else_is_refused(folders: Folders, tmp_path: Path) -> None:
    raw = raw_dataset(tmp_path / "raw", "stranger", "picture.png")
    with pytest.raises(BadInputError, match="not one of the model's authors"):
        publish(folders, tmp_path / "registry", raw_dataset=[raw])


def test_where_there_is_a_key_hashes_of_the_posts_ids_go_along(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, plain = publish(folders, tmp_path)
    assert not (plain / POST_HASHES).exists()
    monkeypatch.setenv("HUGGINGTWEETS_FORGET_KEY", "k" * 32)
    manifest, version = publish(folders, tmp_path)
    said = PostHashes.read(version / POST_HASHES)
    (key,) = post_keys({"HUGGINGTWEETS_FORGET_KEY": "k" * 32})
    rows = [
        row.id
        for split in ("train", "validation", "test")
        for row in read_rows(folders.dataset / f"{split}.jsonl", DatasetRow)
    ]
    assert said == key.hashes(rows)
    assert manifest.lineage.post_hashes.key_id == key.id
    assert POST_HASHES in {entry.path for entry in manifest.files}
    assert "k" * 32 not in manifest.to_json() + said.to_json()


def test_a_model_of_a_dataset_that_held_forgotten_posts_is_refused(
    folders: Folders, tmp_path: Path
) -> None:
    registry = Registry.open(str(tmp_path)).begin()
    mark_stale(registry.store, [], [folder_sha256(folders.dataset)])
    with pytest.raises(BadInputError, match="held posts that are forgotten since"):
        publish(folders, tmp_path)
    assert registry.versions("gardener") == []


def test_an_adapter_makes_no_gguf_and_is_refused_first(adapted: Folders, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="--gguf: .* holds an adapter, and a GGUF"):
        run(PublishConfig(gguf="f16"), **adapted._asdict(), registry=str(tmp_path / "registry"))
    assert not (tmp_path / "registry").exists()


@pytest.fixture(scope="module")
def adapted(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Folders:
    place = tmp_path_factory.mktemp("adapted")
    return make_finished(place / "run", weights, adapter=make_adapter(weights, place / "adapter"))


def test_an_adapter_comes_with_its_base_model_once(adapted: Folders, tmp_path: Path) -> None:
    _, version = publish(adapted, tmp_path, name="ann")
    manifest, _ = publish(adapted, tmp_path, name="bob")
    sha256 = FetchReport.read(adapted.base_model / "fetch.json").sha256
    named = BaseModelFacts(id="made-up/tiny", revision="abc123", sha256=sha256)
    assert manifest.base_model == named
    names = {path.name for path in version.iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors"} <= names
    assert not {"model.safetensors", "tokenizer.json"} & names
    registry = Registry.open(str(tmp_path))
    assert folder_sha256(registry_base(registry, sha256, tmp_path / "base")) == sha256
    assert registry.store.folders("bases/") == [sha256]
    assert registry.verify() == []


def registry_base(registry: Registry, sha256: str, folder: Path) -> Path:
    registry.download_base(sha256, folder)
    return folder


def test_an_adapters_card_says_so_to_the_hub_and_to_people(
    adapted: Folders, tmp_path: Path
) -> None:
    _, version = publish(adapted, tmp_path)
    card = (version / "README.md").read_text()
    front = ModelCard(card).data
    assert front.library_name == "peft"
    assert front.base_model == "made-up/tiny"
    assert front.to_dict()["base_model_relation"] == "adapter"
    assert "AutoPeftModelForCausalLM" in card


def test_a_whole_models_card_says_that_it_is_a_finetune(folders: Folders, tmp_path: Path) -> None:
    _, version = publish(folders, tmp_path)
    front = ModelCard((version / "README.md").read_text()).data
    assert front.library_name == "transformers"
    assert front.to_dict()["base_model_relation"] == "finetune"
    assert Manifest.read(version / "manifest.json").base_model is None
    assert not (tmp_path / "bases").exists()
