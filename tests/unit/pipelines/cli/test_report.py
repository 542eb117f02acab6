"""`huggingtweets report`: which model it is about."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.finished import Folders, make_finished

from components.contracts.registry import StaleVersion
from components.publish.config import PublishConfig
from components.publish.stage import run
from components.registry import Registry
from components.registry.stale import mark_stale
from components.tracking.report import ReportContent
from pipelines.cli.command import main

Told = list[ReportContent]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run, with two published versions."""
    place = tmp_path_factory.mktemp("run")
    weights = place / "weights"
    weights.mkdir()
    (weights / "model.safetensors").write_bytes(b"weights")
    made = make_finished(place / "made", weights)
    names = ("train-dataset", "finetuned-model", "evaluation", "pretrained-model")
    folders = Folders(*(place / name for name in names))
    for was, becomes in zip(made, folders, strict=True):
        was.rename(becomes)
    for _ in range(2):
        run(PublishConfig(), **folders._asdict(), registry=str(place / "registry"), name="rosa")
    return place


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What the report was to be made of."""
    stories: Told = []

    def make(story: ReportContent) -> str:
        stories.append(story)
        return "https://wandb.example/report"

    monkeypatch.setattr("pipelines.cli.report.make_report", make)
    return stories


def test_a_run_and_a_persona_tell_the_same(
    out: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = str(out / "registry")
    assert main(["report", "--wandb", str(out)]) == 0
    assert main(["report", "rosa", "--wandb", "--registry", registry]) == 0
    assert capsys.readouterr().out == "https://wandb.example/report\n" * 2
    of_run, of_persona = told
    assert (of_run.name, of_persona.name) == ("@gardener", "rosa@2")
    assert of_run[1:] == of_persona[1:]


def test_of_a_persona_the_version_in_production_is_told_unless_another_is_named(
    out: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUGGINGTWEETS_REGISTRY", str(out / "registry"))
    Registry.open(str(out / "registry")).move_alias("rosa", "production", 1)
    assert main(["report", "--wandb", "rosa"]) == main(["report", "--wandb", "rosa@2"]) == 0
    assert [story.name for story in told] == ["rosa@1", "rosa@2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody"], "nobody"),
        (["rosa@9"], "9"),
        (["rosa@x"], "rosa@x"),
        (["a/b"], "is not a folder of a run"),
        ([""], "is not a folder of a run"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(
    words: list[str], said: str, out: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--wandb", *words, "--registry", str(out / "registry")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
    assert told == []


def test_a_run_that_did_not_get_so_far_is_named(
    out: Path, told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--wandb", str(tmp_path)]) == 2
    assert "train-dataset" in capsys.readouterr().err
    (tmp_path / "train-dataset").symlink_to(out / "train-dataset")
    (tmp_path / "finetuned-model").symlink_to(out / "finetuned-model")
    assert main(["report", "--wandb", str(tmp_path)]) == 2
    assert "evaluation" in capsys.readouterr().err


def test_a_version_of_another_program_has_nothing_to_tell(
    told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry.open(str(tmp_path))
    registry.publish("rosa", lambda _, folder: (folder / "a.txt").write_text("a"), {"train": {}})
    assert main(["report", "--wandb", "rosa", "--registry", str(tmp_path)]) == 2
    assert "the lineage of rosa@1 does not say" in capsys.readouterr().err


def test_of_a_persona_whose_versions_are_all_stale_one_has_to_be_named(
    told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry.open(str(tmp_path))
    registry.publish("rosa", lambda _, folder: (folder / "a.txt").write_text("a"), {"train": {}})
    gone = StaleVersion(persona="rosa", version=1, marked_at=datetime.now(UTC), why="forgotten")
    mark_stale(registry.store, [gone])
    registry.withdraw("rosa", "latest")
    assert main(["report", "--wandb", "rosa", "--registry", str(tmp_path)]) == 2
    assert "name a version, as rosa@1" in capsys.readouterr().err


def test_where_it_is_made_must_be_said(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["report", str(out)])
    assert caught.value.code == 2
    assert "--wandb" in capsys.readouterr().err
