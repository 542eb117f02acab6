"""Every flag of submit, schedule, status and logs is a variable, too."""

from pathlib import Path

import pytest
from support.kfp_server import KfpServer

from pipelines.cli.command import main

ROOT = "s3://bucket/personas"


@pytest.fixture
def set_up(kfp: KfpServer, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that is all in variables."""
    variables = {
        "HOST": kfp.url,
        "IMAGES": str(images),
        "PIPELINE_ROOT": ROOT,
        "TABLE": "gs://posts/ann.csv",
        "AUTHOR": "ann",
        "CONSENT": "written-consent",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"HUGGINGTWEETS_{name}", value)


def parameters(kfp: KfpServer) -> dict[str, object]:
    (run,) = kfp.runs.values()
    return dict(run["runtime_config"]["parameters"])


@pytest.mark.usefixtures("set_up")
def test_a_run_is_submitted_by_variables_alone(
    kfp: KfpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUGGINGTWEETS_NO_GATE", "true")
    monkeypatch.setenv("HUGGINGTWEETS_ALLOW_TAGS", "no")
    monkeypatch.setenv("HUGGINGTWEETS_NAME", "ann-bot")
    assert main(["submit"]) == 0
    given = parameters(kfp)
    assert given["name"] == "ann-bot"
    assert given["no_gate"] is True
    assert given["sources"] == [
        {"table": "gs://posts/ann.csv", "author": "ann", "consent": "written-consent"}
    ]


@pytest.mark.usefixtures("set_up")
def test_several_sources_stand_in_one_variable(
    kfp: KfpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUGGINGTWEETS_TABLE", "gs://posts/ann.csv\ngs://posts/bo.csv")
    monkeypatch.setenv("HUGGINGTWEETS_AUTHOR", '["ann", "bo"]')
    assert main(["submit"]) == 0
    sources = parameters(kfp)["sources"]
    assert isinstance(sources, list)
    assert [one["author"] for one in sources] == ["ann", "bo"]


@pytest.mark.usefixtures("set_up")
def test_flags_win_and_sources_that_are_named_are_all_there_are(
    kfp: KfpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUGGINGTWEETS_NAMESPACE", "of-the-variable")
    words = ["submit", "--handle", "bob", "--cons=own-archive", "--name", "x"]
    assert main([*words, "--pipeline-root", "gs://other/place"]) == 0
    given = parameters(kfp)
    assert given["sources"] == [{"handle": "bob", "consent": "own-archive"}]
    assert given["registry"] == "gs://other/place/registry"
    assert next(iter(kfp.experiments.values()))["namespace"] == "of-the-variable"


@pytest.mark.parametrize("name", ["HUGGINGTWEETS_HOST", "KF_PIPELINES_ENDPOINT"])
@pytest.mark.parametrize("command", ["status", "logs"])
def test_the_host_is_a_variable(
    name: str, command: str, kfp: KfpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HUGGINGTWEETS_HOST", " ")
    monkeypatch.setenv(name, kfp.url)
    assert main([command, kfp.add_run()]) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUGGINGTWEETS_GPUS", "many"),
        ("HUGGINGTWEETS_NO_GATE", "perhaps"),
        ("HUGGINGTWEETS_CONSENT", "a wink"),
        ("HUGGINGTWEETS_TABLE", '["one'),
        ("HUGGINGTWEETS_START_TIMEOUT", "soon"),
    ],
)
@pytest.mark.usefixtures("set_up")
def test_a_wrong_variable_is_named(
    name: str,
    value: str,
    kfp: KfpServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="2"):
        main(["submit"])
    assert name in capsys.readouterr().err
    assert not kfp.runs


def test_the_commands_for_this_machine_do_not_read_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUGGINGTWEETS_OUT", "somewhere")
    with pytest.raises(SystemExit, match="2"):
        main(["run", "--consent", "own-archive"])
    assert "--out" in capsys.readouterr().err
