"""`huggingtweets forget`, as it is typed."""

import json
from pathlib import Path

import pytest
from support.forgetting import VARIABLES, make_raw, make_train, post_id, publish_from

from components.forget.__main__ import main as forget_stage
from components.registry import Registry
from pipelines.cli.command import main

ONE = post_id(7)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    make_train(Path("train"), [make_raw(Path("raw/rosa"))])
    registry = Registry.open("registry")
    publish_from(registry, Path("train"), [Path("raw/rosa")])
    registry.move_alias("rosa", "production", 1)
    return tmp_path


def test_a_post_is_forgotten_and_the_registry_says_so(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["forget", "--registry", "registry", "--post-id", ONE]
    assert main([*words, "--raw-dataset", "raw/rosa", "--train-dataset", "train"]) == 0
    said = capsys.readouterr().out
    assert "# Receipt: what was forgotten" in said
    assert "rosa@1, found by its dataset" in said
    assert "production of rosa: from version 1 to nothing" in said
    assert ONE not in said
    assert len(list(home.glob("forget-*/receipt.json"))) == 1
    assert main(["registry", "show", "rosa", "--registry", "registry"]) == 0
    assert "stale" in capsys.readouterr().out
    assert main(["registry", "list", "--registry", "registry"]) == 0
    assert "1 (1 stale)" in capsys.readouterr().out
    assert main(["registry", "list", "--registry", "registry", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["personas"][0]["stale"] == [1]
    assert main(["registry", "promote", "rosa@1", "--registry", "registry"]) == 2
    assert "version 1 of rosa is stale" in capsys.readouterr().err


def test_verify_names_an_alias_that_points_to_a_stale_version(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget", "--registry", "registry", "--author", "rosa"]) == 0
    production = home / "registry/rosa/production.json"
    document = json.loads(production.read_text())
    document.update(version=1, manifest_sha256=document["history"][-1]["manifest_sha256"])
    production.write_text(json.dumps(document))
    assert main(["registry", "verify", "--registry", "registry"]) == 1
    assert "points to version 1, which is stale" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--registry", "registry"], "say what to forget"),
        (["--registry", "nowhere", "--post-id", "1"], "nowhere"),
        (["--post-id", "1"], "name the registry"),
        (["--registry", "registry", "--post-id", "1", "--raw-dataset", "train"], "raw-dataset"),
        (["--registry", "registry", "--post-id", "1", "--artifacts", "dta"], "no folder"),
    ],
)
def test_a_slip_changes_nothing(
    home: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(home.glob("forget-*"))


def test_no_variable_of_other_commands_says_whom_to_forget(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUGGINGTWEETS_AUTHOR", "rosa")
    assert main(["forget", "--registry", "registry"]) == 2
    assert "say what to forget" in capsys.readouterr().err
    assert forget_stage(["--registry", "registry", "--receipt-out", "receipt"]) == 2
    assert Registry.open("registry").stale().versions == ()
