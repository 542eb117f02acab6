"""The commands of charts/README.md that run on a reader's machine, with the store of the image."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from support.chart_store import KEYS, chart_store
from support.helm import of_kind, render
from support.kind.commands import COMMANDS, a_shell
from support.kind.serving import PERSONA, REGISTRY, settings
from support.server_processes import forked_server
from support.tiny_models import make_tiny_model

from components.collect.sample.build import build_archive

pytestmark = pytest.mark.stores

LOCAL = [command for command in COMMANDS if command.startswith(("huggingtweets", "python"))]
IMAGES = {"store": "store:dev", "serve": "serve:dev"}


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The store, as its chart starts it, but on ports of its own."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "store"
    folder.mkdir()
    with chart_store().running(folder) as (_, endpoint):
        yield endpoint


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A reader's folder."""
    build_archive(tmp_path / "my-x-archive.zip")
    make_tiny_model(tmp_path / "tiny")
    return tmp_path


def test_they_publish_a_persona_that_the_chart_serves(place: Path, endpoint: str) -> None:
    assert len(LOCAL) == 3
    ours = KEYS | {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    with a_shell(place, settings(place, IMAGES, place / "tiny") | ours) as shell:
        said = [shell.run(command) for command in LOCAL]
    assert "no serving" in said[-1]
    in_pod = KEYS | {"AWS_ENDPOINT_URL_S3": endpoint}  # the chart names no region
    with forked_server(REGISTRY, place, "pod", "--dtype", "fp32", variables=in_pod) as server:
        answer = requests.post(
            f"{server.inference}/predictions/{PERSONA}", json={"prompt": ""}, timeout=60
        )
        assert answer.json()["model_version"] == "1"
        (container,) = of_kind(render("huggingtweets-serving"), "Pod")["spec"]["containers"]
        command = [sys.executable, *container["command"][1:], *container["args"]]
        environment = {**os.environ, "BASE": server.inference}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("My dream is")
