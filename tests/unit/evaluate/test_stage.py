import html
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from support.adapters import make_adapter, merge
from support.finished import make_base, make_dataset, make_model
from support.processors import one_processor
from support.tiny_models import make_tiny_model

from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.evaluation import EvaluationReport
from components.contracts.posts import DatasetRow, Sample
from components.contracts.reports import BaseModelFacts, FetchReport
from components.evaluate.champion import downloaded_champion
from components.evaluate.config import EvaluateConfig
from components.evaluate.stage import judge, run
from components.lm.adapters import whole_model
from components.lm.format_quality import format_bits_per_byte
from components.lm.provenance import finetuned_sha256
from components.registry import Registry

CONFIG = EvaluateConfig(samples=40, max_tokens=8, prompts=("My dream is", "I like"))


class Folders(NamedTuple):
    dataset: Path
    model: Path
    base_model: Path


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    place = tmp_path_factory.mktemp("finished")
    weights = make_tiny_model(place / "weights")
    folders = Folders(place / "dataset", place / "model", place / "base")
    make_dataset(folders.dataset)
    make_model(folders.model, weights, folders.dataset, make_base(folders.base_model, weights))
    return folders


@pytest.fixture(scope="module")
def evaluation(folders: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "evaluation"
    run(CONFIG, **folders._asdict(), evaluation_out=out)
    return out


def test_equal_models_predict_equally_well(evaluation: Path) -> None:
    report = EvaluationReport.read(evaluation / "evaluation.json")
    assert report.bits_per_byte.finetuned == report.bits_per_byte.base
    assert report.bits_per_byte.base.value > 1
    assert report.samples == 40
    assert report.test_posts == 6


def test_ten_samples_for_each_prompt_and_those_from_nothing(evaluation: Path) -> None:
    samples = list(read_rows(evaluation / "samples.jsonl", Sample))
    assert [(s.prompt, s.index) for s in samples] == [
        *(("My dream is", index) for index in range(10)),
        *(("I like", index) for index in range(10)),
        *(("", index) for index in range(40)),
    ]


def test_a_second_run_gives_the_same_bytes(
    folders: Folders, evaluation: Path, tmp_path: Path
) -> None:
    run(CONFIG, **folders._asdict(), evaluation_out=tmp_path / "again")
    for name in ("evaluation.json", "samples.jsonl", "report.html"):
        assert (tmp_path / "again" / name).read_bytes() == (evaluation / name).read_bytes()


def test_an_earlier_evaluation_is_replaced_and_nothing_else_is(
    folders: Folders, evaluation: Path, tmp_path: Path
) -> None:
    shutil.copytree(evaluation, tmp_path / "out")
    (tmp_path / "out" / "evaluation.json").write_text("{}")
    run(CONFIG, **folders._asdict(), evaluation_out=tmp_path / "out")
    EvaluationReport.read(tmp_path / "out" / "evaluation.json")
    with pytest.raises(BadInputError, match="holds something else"):
        run(CONFIG, **folders._asdict(), evaluation_out=folders.dataset)


def test_a_sample_does_not_depend_on_how_many_are_drawn(
    folders: Folders, evaluation: Path, tmp_path: Path
) -> None:
    fewer = CONFIG.model_copy(update={"samples": 35, "prompts": ("I like",)})
    run(fewer, **folders._asdict(), evaluation_out=tmp_path / "fewer")
    all_samples = set(read_rows(evaluation / "samples.jsonl", Sample))
    assert set(read_rows(tmp_path / "fewer" / "samples.jsonl", Sample)) <= all_samples


def test_no_path_and_no_time_in_the_report(folders: Folders, evaluation: Path) -> None:
    for name in ("evaluation.json", "report.html"):
        assert str(folders.dataset.parent) not in (evaluation / name).read_text()
    document = json.loads((evaluation / "evaluation.json").read_text())
    assert not {"created_at", "seconds"} & set(document)


def test_a_model_of_another_dataset_is_refused(folders: Folders, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_dataset(other, authors=["someone"])
    with pytest.raises(BadInputError, match="was not trained on .*other"):
        run(CONFIG, **folders._replace(dataset=other)._asdict(), evaluation_out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_of_another_base_is_refused(folders: Folders, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_base(other, make_tiny_model(tmp_path / "weights", "llama"))
    with pytest.raises(BadInputError, match="was not trained from .*other"):
        run(CONFIG, **folders._replace(base_model=other)._asdict(), evaluation_out=tmp_path / "out")


def test_a_dataset_without_test_posts_is_refused(folders: Folders, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    shutil.copytree(folders.dataset, empty)
    (empty / "test.jsonl").write_text("")
    weights = make_tiny_model(tmp_path / "weights")
    base = make_base(tmp_path / "base", weights)
    make_model(tmp_path / "model", weights, empty, base)
    with pytest.raises(BadInputError, match="has no test post"):
        run(
            CONFIG,
            dataset=empty,
            model=tmp_path / "model",
            base_model=tmp_path / "base",
            evaluation_out=tmp_path / "out",
        )


def test_posts_too_long_for_the_model_are_left_out(
    folders: Folders, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = tmp_path / "dataset"
    shutil.copytree(folders.dataset, dataset)
    rows = (dataset / "test.jsonl").read_text().splitlines()
    long = json.loads(rows[0]) | {"text": "word " * 400}
    (dataset / "test.jsonl").write_text("\n".join([*rows, json.dumps(long)]) + "\n")
    weights = make_tiny_model(tmp_path / "weights")
    make_model(tmp_path / "model", weights, dataset, make_base(tmp_path / "base", weights))
    report = run(
        CONFIG,
        dataset=dataset,
        model=tmp_path / "model",
        base_model=tmp_path / "base",
        evaluation_out=tmp_path / "out",
    )
    assert report.test_posts == 7
    assert "1 of 7 test posts are longer" in caplog.text


def test_a_folder_of_something_else_is_refused(folders: Folders, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="is not a finetuned-model"):
        run(CONFIG, **folders._replace(model=tmp_path)._asdict(), evaluation_out=tmp_path / "out")


def test_every_figure_has_its_floors_and_ceilings(evaluation: Path) -> None:
    report = EvaluationReport.read(evaluation / "evaluation.json")
    assert set(report.comparisons) == {"base", "markov", "copies", "others"}
    assert report.comparisons["copies"].memorisation.exact.value == 1
    assert len(report.reference_authors) == 14
    assert report.bits_per_byte.others is not None
    assert report.bits_per_byte.byte5.value < report.bits_per_byte.others.value
    assert len(report.gate.conditions) == 7


def test_what_each_dtype_costs_is_measured_on_the_test_posts(
    evaluation: Path, folders: Folders
) -> None:
    formats = EvaluationReport.read(evaluation / "evaluation.json").formats
    posts = [row.text for row in read_rows(folders.dataset / "test.jsonl", DatasetRow)]
    assert formats == pytest.approx(format_bits_per_byte(folders.model, posts), abs=1e-6)
    assert list(formats) == ["fp32", "bf16", "int8"]


def test_the_public_report_is_there_and_quotes_no_sample(evaluation: Path) -> None:
    page = html.unescape((evaluation / "report-public.html").read_text())
    samples = read_rows(evaluation / "samples.jsonl", Sample)
    texts = [sample.text.strip() for sample in samples if len(sample.text) > 20]
    assert texts
    assert not any(text in page for text in texts)


def test_texts_are_judged_without_a_model(folders: Folders, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "we bring tea to the garden"}\n' * 12)
    report = judge(CONFIG, dataset=folders.dataset, out=tmp_path / "out", samples=file)
    assert (report.model_sha256, report.bits_per_byte.finetuned, report.samples) == (None, None, 12)
    by_name = {one.name: one.passed for one in report.gate.conditions}
    assert [passed for name, passed in by_name.items() if "predicts" in name] == [None, None]
    assert "base" not in report.comparisons
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"evaluation.json", "report.html", "report-public.html"} <= files


def test_a_model_is_judged_without_its_base(folders: Folders, tmp_path: Path) -> None:
    report = judge(CONFIG, dataset=folders.dataset, out=tmp_path / "out", model=folders.model)
    assert report.bits_per_byte.finetuned is not None
    (against_base,) = (one for one in report.gate.conditions if "base model" in one.name)
    assert against_base.passed is None


def test_a_pod_of_one_processor_judges_with_one_thread(folders: Folders, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"samples": 8, "prompts": ()})
    with one_processor():
        judge(config, dataset=folders.dataset, out=tmp_path / "out", model=folders.model)
        assert torch.get_num_threads() == 1


def test_a_new_model_is_compared_with_the_one_in_production(
    folders: Folders, tmp_path: Path
) -> None:
    registry = Registry.open(str(tmp_path / "registry"))
    weights = make_tiny_model(tmp_path / "weights", "llama")

    def write(version: int, folder: Path) -> None:
        shutil.copytree(weights, folder, dirs_exist_ok=True)

    lineage = {"authors": ["gardener"], "digests": {"finetuned-model": "another"}}
    registry.publish("gardener", write, lineage)
    given = {**folders._asdict(), "registry": str(tmp_path / "registry")}
    first = run(CONFIG, **given, evaluation_out=tmp_path / "first")
    assert first.bits_per_byte.champion is None  # published, yet not in production
    registry.move_alias("gardener", "production", 1)
    demanding = CONFIG.model_copy(update={"beat_production": True})
    second = run(demanding, **given, evaluation_out=tmp_path / "second")
    assert second.champion_sha256 == "another"
    assert second.bits_per_byte.champion is not None
    difference = second.bits_per_byte_difference["champion"]
    assert second.gate.conditions[-1].passed is (difference.high < 0)


def test_a_model_that_is_in_production_is_not_compared_with_itself(
    folders: Folders, evaluation: Path, tmp_path: Path
) -> None:
    registry = Registry.open(str(tmp_path / "registry"))
    known = EvaluationReport.read(evaluation / "evaluation.json").model_sha256
    lineage = {"authors": ["gardener"], "digests": {"finetuned-model": known}}
    registry.publish("gardener", lambda _, folder: _write_nothing(folder), lineage)
    registry.move_alias("gardener", "production", 1)
    given = {**folders._asdict(), "registry": str(tmp_path / "registry")}
    report = run(CONFIG, **given, evaluation_out=tmp_path / "out")
    assert report.bits_per_byte.champion is None


def _write_nothing(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "note.txt").write_text("a version")


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """An adapter and its base model."""
    place = tmp_path_factory.mktemp("adapted")
    weights = make_tiny_model(place / "weights")
    folders = Folders(place / "dataset", place / "model", place / "base")
    make_dataset(folders.dataset)
    base = make_base(folders.base_model, weights)
    adapter = make_adapter(weights, place / "adapter")
    make_model(folders.model, adapter, folders.dataset, base)
    return folders


def test_an_adapter_is_judged_together_with_its_base_model(
    adapted: Folders, tmp_path: Path
) -> None:
    out = tmp_path / "evaluation"
    report = run(CONFIG, **adapted._asdict(), evaluation_out=out)
    assert report.model_sha256 == finetuned_sha256(adapted.model)
    whole = merge(adapted.base_model, adapted.model, tmp_path / "merged")
    merged = judge(CONFIG, dataset=adapted.dataset, out=tmp_path / "judged", model=whole)
    ours, theirs = (one.bits_per_byte.finetuned for one in (report, merged))
    assert ours is not None
    assert theirs is not None
    assert ours.value == pytest.approx(theirs.value, rel=1e-4)
    assert report.formats["bf16"] == pytest.approx(merged.formats["bf16"], rel=0.02)


def test_an_adapter_without_its_base_model_is_refused(adapted: Folders, tmp_path: Path) -> None:
    shutil.copytree(adapted.model, tmp_path / "model")
    with pytest.raises(BadInputError, match="and it is not there; name its folder"):
        judge(CONFIG, dataset=adapted.dataset, out=tmp_path / "out", model=tmp_path / "model")
    other = make_tiny_model(tmp_path / "other", "llama")
    with pytest.raises(BadInputError, match="other is another"):
        judge(
            CONFIG, dataset=adapted.dataset, out=tmp_path / "out", model=tmp_path / "model",
            base_model=other,
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_a_champion_that_is_an_adapter_comes_with_its_base_model(
    adapted: Folders, tmp_path: Path
) -> None:
    base = FetchReport.read(adapted.base_model / "fetch.json")
    facts = BaseModelFacts(id=base.id, revision=base.revision, sha256=base.sha256)
    registry = Registry.open(str(tmp_path / "registry"))
    registry.publish_base(adapted.base_model, facts)
    registry.publish("ann", _copy_of(adapted.model), {}, base_model=facts)
    registry.move_alias("ann", "production", 1)
    with downloaded_champion(registry.store.uri, "ann", adapted.base_model) as champion:
        assert champion is not None
        with whole_model(champion) as whole:
            assert {"config.json", "tokenizer.json", "adapter_config.json"} <= {
                path.name for path in whole.iterdir()
            }
    uri, base = registry.store.uri, adapted.base_model
    with downloaded_champion(uri, "ann", base, base) as champion:
        assert champion is not None
        assert not (champion.parents[2] / "bases").exists(), "what is there is not fetched again"


def _copy_of(model: Path) -> Callable[[int, Path], None]:
    def write(version: int, folder: Path) -> None:
        for path in model.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())

    return write
