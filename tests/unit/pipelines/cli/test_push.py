import json
from pathlib import Path

import pytest
from support.hub_client import hub  # noqa: F401 - a fixture
from support.hub_server import HubServer
from support.pushed_versions import publish_version

from pipelines.cli.command import main

# ruff: noqa: F811


@pytest.fixture
def registry(tmp_path: Path) -> str:
    place = str(tmp_path / "registry")
    publish_version(place)
    return place


def words(target: str, registry: str, *more: str) -> list[str]:
    return ["push", target, "--registry", registry, "--to", "jane/bot", *more]


def test_it_prints_where_the_model_is(
    hub: HubServer, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words("jane", registry)) == 0
    said = capsys.readouterr()
    assert said.out == f"{hub.url}/jane/bot\n"
    assert f"jane@1 was pushed to the new repository {hub.url}/jane/bot (it is private)" in said.err
    assert main(words("jane", registry)) == 0
    assert "jane@1 is, unchanged, at" in capsys.readouterr().err


def test_json_is_the_report(
    hub: HubServer, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_version(registry)
    assert main(words("jane@1", registry, "--public", "--json")) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["persona"], report["version"], report["to"]) == ("jane", 1, "jane/bot")
    assert (report["outcome"], report["public"]) == ("created", True)
    assert report["commit"] == hub.repositories["jane/bot"].head.oid


def test_the_registry_may_come_from_the_environment(
    hub: HubServer, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUGGINGTWEETS_REGISTRY", registry)
    assert main(["push", "jane@latest", "--to", "jane/bot"]) == 0
    assert "jane/bot" in hub.repositories


@pytest.mark.parametrize("target", ["jane@", "@1", "@", "jane@1@2", "jane@x"])
def test_what_names_no_version_is_refused(
    target: str, hub: HubServer, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(target, registry)) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert hub.requests == []


@pytest.mark.parametrize("flag", ["--registry", "--to"])
def test_what_is_missing_is_named(
    flag: str, registry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = words("jane", registry)
    at = line.index(flag)
    with pytest.raises(SystemExit) as end:
        main(line[:at] + line[at + 2 :])
    assert end.value.code == 2
    assert flag in capsys.readouterr().err


def test_a_local_run_ends_with_it(
    hub: HubServer, registry: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from components.contracts.registry import Manifest
    from pipelines.local.job import push_step
    from pipelines.pushing import PushOrder
    from pipelines.steps import StepRunner

    caplog.set_level("INFO")
    manifest = Manifest.read(Path(registry) / "jane" / "versions" / "1" / "manifest.json")
    steps = StepRunner(tmp_path, resume=True)
    for _ in range(2):
        steps.do(push_step(PushOrder("jane/bot", public=True), manifest, registry, no_gate=False))
    assert not hub.repositories["jane/bot"].private
    assert [time.name for time in steps.times] == ["push", "push"]
    assert f"python -m components.push --registry {registry} --name jane" in caplog.text
    assert "--to jane/bot --no-gate false --public" in caplog.text


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--push-to", "bot"], "--push-to: 'bot' is not the OWNER/NAME"),
        (["--push-public"], "--push-public: say where to"),
        (["--push-to", "jane/bot", "--until", "train"], "there is nothing to push"),
    ],
)
def test_a_run_that_cannot_end_with_it_does_not_begin(
    more: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "posts.csv"
    table.write_text("id,text\n1,hello\n")
    run = ["run", "--table", str(table), "--author", "ann", "--consent", "fictional"]
    assert main([*run, "--out", str(tmp_path / "out"), *more]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_run_whose_token_the_hub_does_not_know_does_not_begin(
    hub: HubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = tmp_path / "posts.csv"
    rows = (f"{n},2020-01-01T00:00:{n:02}Z,hello {n}\n" for n in range(40))
    table.write_text("id,created_at,text\n" + "".join(rows))
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    run = ["run", "--table", str(table), "--author", "ann", "--consent", "fictional"]
    more = ["--base-model", "made-up/none", "--push-to", "jane/bot"]
    assert main([*run, "--out", str(tmp_path / "out"), *more]) == 2
    assert "does not know the token" in capsys.readouterr().err
    assert not (tmp_path / "out" / "raw-dataset").exists()
