import json
from pathlib import Path

import pytest
from support.finished import make_dataset

from pipelines.cli.command import main


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    make_dataset(tmp_path / "dataset")
    return tmp_path / "dataset"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "we bring tea"}\n{"text": "rain keeps the hours"}\n')
    return path


def words(dataset: Path, *more: str) -> list[str]:
    return ["judge", "--dataset", str(dataset), "--out", str(dataset.parent / "judged"), *more]


def test_a_failed_gate_is_said_and_is_no_failure(
    dataset: Path, texts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = "conditions:\n  - {name: It, measure: attribution.generated.post, below: 0}\n"
    assert main(words(dataset, "--samples", str(texts), "--gate", gate)) == 0
    said = capsys.readouterr()
    assert "The gate failed (2 samples" in said.out
    assert "✗ It: failed" in said.out
    document = json.loads((dataset.parent / "judged" / "evaluation.json").read_text())
    assert document["gate"]["passed"] is False


def test_others_can_be_named(dataset: Path, texts: Path, tmp_path: Path) -> None:
    make_dataset(tmp_path / "others" / "sailor", authors=["sailor"])
    given = words(dataset, "--samples", str(texts), "--reference-authors", str(tmp_path / "others"))
    assert main(given) == 0
    document = json.loads((dataset.parent / "judged" / "evaluation.json").read_text())
    assert document["reference_authors"] == ["sailor"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "one of the arguments --model --samples is required"),
        (["--samples", "missing.jsonl"], "cannot read missing.jsonl"),
        (["--model", "missing"], "missing"),
        (["--samples", "texts.jsonl", "--reference-authors", "missing"], "is not a folder"),
        (["--samples", "texts.jsonl", "--gate", "missing.yaml"], "cannot read the gate"),
    ],
)
def test_bad_input_gets_a_sentence(
    dataset: Path,
    texts: Path,
    more: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(texts.parent)
    try:
        code = main(words(dataset, *more))
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert said in capsys.readouterr().err
    assert not (dataset.parent / "judged").exists()
