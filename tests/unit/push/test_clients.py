"""Both generations of the Hub's client push alike: `python -m components.push` in each."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.environment import give_up
from support.hub_server import TOKEN, Answer, Fault, HubServer, hub_server
from support.pushed_versions import evaluation, publish_version

from components.registry.opt_outs import add_opt_out

ROOT = Path(__file__).parents[3]
OLDER = ROOT / ".venv-hub-1" / "bin" / "python"
Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        yield server


@pytest.fixture
def registry(tmp_path: Path) -> str:
    place = str(tmp_path / "registry")
    publish_version(place)
    return place


@pytest.fixture(params=["2", "1"])
def shell(request: pytest.FixtureRequest, hub: HubServer, registry: str, tmp_path: Path) -> Shell:
    """Push jane to jane/bot as a shell does; words and variables can be added."""
    python = Path(sys.executable) if request.param == "2" else OLDER
    if not python.is_file():
        give_up("hub_1", "there is no .venv-hub-1; `make .venv-hub-1/.ready` makes it")
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HF_HOME": str(tmp_path / "hf"),
        "HF_ENDPOINT": hub.url,
        "HF_HUB_DISABLE_XET": "1",
        "HF_TOKEN": TOKEN,
    }

    def run(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        command = [python, "-m", "components.push", "--registry", registry, "--name", "jane"]
        return subprocess.run(
            [*command, "--to", "jane/bot", *words],
            env={**variables, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    assert client_of(python).partition(".")[0] == request.param
    return run


@functools.cache
def client_of(python: Path) -> str:
    """The version of the Hub's client in this Python's environment."""
    version = "import huggingface_hub as hub; print(hub.__version__)"
    return subprocess.run(
        [python, "-c", version], capture_output=True, text=True, check=True
    ).stdout


def test_it_creates_and_updates_and_leaves_alone_what_is_there(
    shell: Shell, registry: str, hub: HubServer, tmp_path: Path
) -> None:
    outcomes = []
    for version in (None, None, 2):
        if version:
            publish_version(registry, files={"tokenizer.json": None, "vocab.json": b"{}"})
        ended = shell("--push-out", str(tmp_path / "push.json"))
        assert ended.returncode == 0, ended.stderr
        outcomes.append(json.loads((tmp_path / "push.json").read_text())["outcome"])
    assert outcomes == ["created", "unchanged", "updated"]
    repository = hub.repositories["jane/bot"]
    assert repository.private
    assert [commit.title for commit in repository.commits] == ["initial commit", "jane@1", "jane@2"]
    assert "vocab.json" in repository.head.files
    assert "tokenizer.json" not in repository.head.files
    assert repository.head.files["model.safetensors"].sha256
    assert shell("--public").returncode == 0
    assert not repository.private


def test_a_stale_parent_says_who_changed_it(shell: Shell, registry: str, hub: HubServer) -> None:
    assert shell().returncode == 0
    publish_version(registry)
    repository = hub.repositories["jane/bot"]
    hub.before["POST .*/commit/"] = lambda: repository.change("bob", "Fix a typo", note_md="x")
    ended = shell()
    assert ended.returncode == 2
    assert "by bob at 2026-11-20 12:30 UTC: 'Fix a typo'" in ended.stderr


def test_an_upload_that_broke_off_goes_on(shell: Shell, hub: HubServer) -> None:
    hub.faults.append(Fault("POST .*/commit/", Answer(500, {"error": "out of order"})))
    ended = shell()
    assert ended.returncode == 2
    assert "push again" in ended.stderr
    assert shell().returncode == 0
    assert len(hub.asked("PUT /upload/")) == 1


@pytest.mark.parametrize("no_gate", [["--no-gate"], ["--no-gate", "true"]])
def test_the_gate_is_asked_unless_one_says_otherwise(
    no_gate: list[str], shell: Shell, registry: str, hub: HubServer
) -> None:
    publish_version(registry, files={"evaluation.json": evaluation(passed=False)})
    for words in ([], ["--no-gate", "false"]):
        ended = shell(*words)
        assert (ended.returncode, hub.repositories) == (1, {})
        assert "did not pass the gate" in ended.stderr
    assert shell(*no_gate).returncode == 0
    assert b"did not pass the gate" in hub.repositories["jane/bot"].head.files["README.md"].data


def test_opt_outs_are_asked(shell: Shell, registry: str, hub: HubServer) -> None:
    add_opt_out(registry, handle="ann")
    ended = shell()
    assert (ended.returncode, hub.repositories) == (2, {})
    assert "opted out" in ended.stderr


def test_refusals_are_one_sentence_and_hold_no_token(shell: Shell, hub: HubServer) -> None:
    for fault, sentence in (
        (Answer(401, {"error": "no"}), "does not know the token"),
        (Answer(429, {"error": "no"}, {"RateLimit": '"api";r=0;t=7'}), "wait 7 seconds"),
        (Answer(200, b"<html>"), "does not answer as the Hub does"),
        (Answer(503), "answers 503"),
    ):
        hub.faults.append(Fault("GET /api/models/jane/bot", fault))
        ended = shell(HF_DEBUG="1")
        assert ended.returncode == 2
        errors = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1
        assert sentence in errors[0]
        assert TOKEN not in ended.stderr
        assert "Traceback" not in ended.stderr


def test_the_tokens_file_is_read(shell: Shell, tmp_path: Path, hub: HubServer) -> None:
    (tmp_path / "token").write_text(TOKEN)
    assert shell(HF_TOKEN="", HF_TOKEN_PATH=str(tmp_path / "token")).returncode == 0
    ended = shell(HF_TOKEN="")
    assert ended.returncode == 2
    assert "there is no token for the Hub" in ended.stderr


def test_it_starts_without_torch_and_transformers(shell: Shell, tmp_path: Path) -> None:
    for name in ("torch", "transformers", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise ImportError")
    assert shell(PYTHONPATH=f"{tmp_path}:{ROOT}").returncode == 0
