import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from support.finished import make_base, make_dataset, make_model
from support.tiny_models import make_tiny_model

from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.evaluation import EvaluationReport
from components.contracts.posts import Sample
from components.evaluate.config import EvaluateConfig
from components.evaluate.stage import run

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


def test_equal_models_foretell_equally_well(evaluation: Path) -> None:
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
