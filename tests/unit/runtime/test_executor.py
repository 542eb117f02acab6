import json
from pathlib import Path

import pytest

from components.contracts.base import Report
from components.contracts.errors import BadInputError
from components.runtime.executor import Executor, MissingOutputError
from components.runtime.mounts import local_path
from components.runtime.words import plain_words


class SomeReport(Report):
    author: str = "ada"
    counts: dict[str, int] = {"kept": 7}
    loss: float = 1.5
    good: bool = True
    curve: tuple[int, ...] = (1, 2)


def executor_input(folder: Path, title: str = "system.Dataset") -> str:
    out = {"name": "out", "uri": str(folder / "out"), "type": {"schemaTitle": title}}
    raw = [{"uri": f"s3://bucket/run/{author}/raw"} for author in ("ada", "bob", "cyd")]
    return json.dumps(
        {
            "inputs": {
                "parameterValues": {"no_gate": True},
                "artifacts": {"raw_datasets": {"artifacts": raw}},
            },
            "outputs": {
                "artifacts": {"out": {"artifacts": [out]}},
                "outputFile": str(folder / "said" / "executor_output.json"),
            },
        }
    )


def test_every_artifact_of_a_list_is_found_where_the_launcher_put_it(tmp_path: Path) -> None:
    paths = Executor(executor_input(tmp_path)).paths("raw_datasets")
    assert [str(path) for path in paths] == [
        f"/s3/bucket/run/{author}/raw" for author in ("ada", "bob", "cyd")
    ]


@pytest.mark.parametrize(
    ("artifact", "path"),
    [
        ({"uri": "gs://b/k"}, "/gcs/b/k"),
        ({"uri": "minio://b/k"}, "/minio/b/k"),
        ({"uri": "/local/k"}, "/local/k"),
        ({"uri": "s3://b/k", "customPath": "/kfp-workspace/k"}, "/kfp-workspace/k"),
    ],
)
def test_a_uri_is_a_path_below_its_mount(artifact: dict[str, str], path: str) -> None:
    assert local_path(artifact) == Path(path)


def test_the_report_becomes_metadata_and_parameters_are_passed_on(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    Executor(executor_input(tmp_path)).finish(SomeReport(), {"persona": "ada", "proceed": True})
    said = json.loads((tmp_path / "said" / "executor_output.json").read_text())
    (artifact,) = said["artifacts"]["out"]["artifacts"]
    assert artifact["uri"] == str(tmp_path / "out")
    assert artifact["metadata"] == {"author": "ada", "counts.kept": 7, "loss": 1.5, "good": True}
    assert said["parameterValues"] == {"persona": "ada", "proceed": True}


def test_metrics_are_numbers_and_a_file_of_their_own(tmp_path: Path) -> None:
    Executor(executor_input(tmp_path, "system.Metrics")).finish(SomeReport(), {})
    said = json.loads((tmp_path / "said" / "executor_output.json").read_text())
    (artifact,) = said["artifacts"]["out"]["artifacts"]
    assert artifact["metadata"] == {"counts.kept": 7, "loss": 1.5}
    assert json.loads((tmp_path / "out").read_text()) == artifact["metadata"]


def test_an_output_that_is_not_there_fails_the_step(tmp_path: Path) -> None:
    with pytest.raises(MissingOutputError, match="without writing"):
        Executor(executor_input(tmp_path)).finish(SomeReport(), {})
    assert not (tmp_path / "said").exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '"text"', '{"outputs": {}}', '{"outputs": 3}'])
def test_what_no_launcher_says_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="--executor-input"):
        Executor(text)


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (["--name", "ada"], ["--name", "ada"]),
        (["--options", '{"epochs": 2.0}', "--x", "1"], ["--epochs", "2", "--x", "1"]),
        (["--x", "1", "--options", '{"a_b": true, "c": false}'], ["--a-b", "--no-c", "--x", "1"]),
        (["--options", '[{"author": "ann"}]', "--x", "1"], ["--author", "ann", "--x", "1"]),
        (["--options", '{"columns": ["a", "b"]}'], ["--columns", "a", "--columns", "b"]),
        (["--options", '{"rate": 0.0002, "author": "", "id": null}'], ["--rate", "0.0002"]),
        (
            ["--executor-input", "{}", "--name", "", "--x", "1"],
            ["--executor-input", "{}", "--x", "1"],
        ),
        (["--name", ""], ["--name", ""]),
    ],
)
def test_words_of_a_pipeline_are_those_of_a_person(words: list[str], plain: list[str]) -> None:
    assert plain_words(words) == plain


@pytest.mark.parametrize(
    "options", ["", "[1]", "[1, {}]", "[[{}]]", "{", '{"a": {"b": 1}}', '[{"a": {"b": 1}}]', "3"]
)
def test_options_that_are_no_object_of_flags_are_refused(options: str) -> None:
    with pytest.raises(BadInputError, match="--options"):
        plain_words(["--options", options])


@pytest.mark.parametrize(("options", "count"), [("[]", 0), ('[{"a": 1}, {"b": 2}]', 2)])
def test_a_pipeline_for_one_source_says_so_where_it_gets_others(options: str, count: int) -> None:
    with pytest.raises(BadInputError, match=f"{count} were given.*--sources several"):
        plain_words(["--options", options])


def test_the_outputs_of_all_attempts_lie_in_one_place(tmp_path: Path) -> None:
    assert Executor(executor_input(tmp_path)).place == str(tmp_path)
    stored = executor_input(tmp_path).replace(f'"{tmp_path}/out"', '"minio://b/run/step/7/out"')
    assert Executor(stored).place == "s3://b/run/step/7"
    assert Executor('{"outputs": {"outputFile": "/tmp/said.json"}}').place == ""


def test_a_step_says_the_line_that_does_the_same_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from components.prepare.__main__ import main

    words = ["--dataset-out", str(tmp_path / "out"), "--options", '{"keep_newlines": true}']
    assert main([*words, "--executor-input", executor_input(tmp_path)]) == 2
    assert (
        f"python -m components.prepare --keep-newlines --dataset-out {tmp_path}/out "
        "--dataset /s3/bucket/run/ada/raw --dataset /s3/bucket/run/bob/raw"
    ) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ('{"since_id": 1588223344556677888}', "since_id"),
        ('{"since_id": 1.5882233445566779e18}', "since_id"),
        ('{"until_id": -9007199254740992}', "until_id"),
        ('{"columns": [9007199254740992]}', "columns"),
        ('{"max_seconds": 1e400}', "max_seconds"),
        ('{"max_seconds": NaN}', "max_seconds"),
    ],
)
def test_a_number_that_kubeflow_rounds_is_refused_by_name(options: str, name: str) -> None:
    with pytest.raises(BadInputError, match=f"^{name}: .*as text"):
        plain_words(["--options", options])


def test_a_number_that_arrives_as_it_was_is_taken() -> None:
    words = plain_words(
        ["--options", '{"seed": 9007199254740991, "since_id": "1588223344556677889"}']
    )
    assert words == ["--seed", "9007199254740991", "--since-id", "1588223344556677889"]
