import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from support.registries import write

from components.registry import Registry
from components.registry.command import add_registry_command
from components.runtime.command import run_command


@pytest.fixture
def uri(registry: Registry, place: Path) -> str:
    registry.publish("jane", write, {})
    registry.publish("jane", write, {})
    return str(place)


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_registry_command(parser.add_subparsers(required=True))
    given = parser.parse_args(["registry", *words])
    return run_command(lambda: given.run(given))


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert run(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_promote_and_rollback_are_seen_by_show(
    uri: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["promote", "jane@1"], ["promote", "jane@2"], ["rollback", "jane"]):
        assert run(*words, "--registry", uri) == 0
    run("promote", "jane@2", "--alias", "candidate", "--registry", uri)
    shown = run_json(capsys, "show", "jane", "--registry", uri)
    assert shown["versions"] == [1, 2]
    production = shown["aliases"]["production"]
    assert production["version"] == 1
    assert [move["version"] for move in production["history"]] == [1, 2, 1]
    assert len(production["manifest_sha256"]) == 64
    assert shown["aliases"]["candidate"]["version"] == shown["aliases"]["latest"]["version"] == 2


def test_list_says_who_there_is(
    uri: str, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.publish("bob", write, {})
    listed = run_json(capsys, "list", "--registry", uri)
    assert [(row["persona"], row["versions"]) for row in listed["personas"]] == [
        ("bob", [1]),
        ("jane", [1, 2]),
    ]
    assert run("list", "--registry", uri) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["PERSONA", "VERSIONS", "LATEST", "CANDIDATE", "PRODUCTION"]
    assert lines[2].split() == ["jane", "2", "2", "-", "-"]


def test_verify_fails_where_anything_changed(
    uri: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_json(capsys, "verify", "--registry", uri) == {"problems": []}
    (place / "jane" / "versions" / "1" / "model.bin").unlink()
    assert run("verify", "jane", "--registry", uri) == 1
    assert "jane/versions/1/model.bin is missing" in capsys.readouterr().out
    assert run("verify", "--registry", uri, "--json") == 1


def test_gc_says_what_it_removed(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_json(capsys, "gc", "--registry", uri) == {"removed": []}
    removed = run_json(capsys, "gc", "--keep", "1", "--registry", uri)
    assert removed == {"removed": ["jane/versions/1/"]}


def test_opt_outs_are_kept(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("opt-out", "add", "--handle", "@Ann", "--registry", uri) == 0
    listed = run_json(capsys, "opt-out", "list", "--registry", uri)
    assert [person["handle"] for person in listed["people"]] == ["ann"]
    assert run("opt-out", "remove", "--handle", "ann", "--registry", uri) == 0
    assert capsys.readouterr().out.strip() == "nobody opted out"


COMMANDS = ["list", "show jane", "promote jane@1", "rollback jane", "verify", "gc", "opt-out list"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_that_is_no_registry_is_said(
    command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "other" / "folder").mkdir(parents=True)
    (tmp_path / "other" / "folder" / "file").touch()
    for place, sentence in (
        ("mistyped", "there is no such folder"),
        ("file", "it is a file"),
        ("other", "there is no registry at"),
    ):
        uri = str(tmp_path / place)
        assert run(*command.split(), "--registry", uri) == 2
        said = capfd.readouterr()
        assert said.out == ""
        assert sentence in said.err
        assert uri in said.err
        assert said.err.count("\n") == 1
    assert not (tmp_path / "mistyped").exists()


def test_a_registry_can_be_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uri = str(tmp_path / "new")
    for _ in range(2):
        assert run_json(capsys, "init", "--registry", uri) == {"registry": uri}
    assert run_json(capsys, "list", "--registry", uri) == {"personas": []}
    assert run_json(capsys, "opt-out", "list", "--registry", uri)["people"] == []


@pytest.mark.parametrize("hours", ["-1", "nan", "inf", "x"])
def test_gc_wants_a_number_of_hours(uri: str, hours: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run("gc", f"--older-than-hours={hours}", "--registry", uri)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["show", "bob"],
        ["verify", "bob"],
        ["rollback", "jane"],
        ["promote", "jane"],
        ["promote", "jane@0"],
        ["promote", "jane@x"],
        ["promote", "jane@"],
        ["promote", "@1"],
        ["promote", "jane@99"],
        ["promote", "jane@1@1"],
        ["promote", "jane@²"],
        ["promote", "jane@1_0"],
        ["promote", "ja\nne@1"],
        ["promote", f"{'x' * 97}@1"],
        ["show", "../jane"],
        ["show", ""],
        ["rollback", "."],
        ["verify", "jane/versions"],
        ["rollback", "jane", "--alias", "candidate"],
        ["promote", "jane@9"],
        ["promote", "../jane@1"],
        ["opt-out", "add"],
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    uri: str, words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(*words, "--registry", uri) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_the_registry_comes_from_the_flag_or_the_environment(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("list") == 2
    monkeypatch.setenv("HUGGINGTWEETS_REGISTRY", uri)
    assert run("show", "jane") == 0
    assert run("show", "jane", "--registry", f"{uri}-other") == 2
