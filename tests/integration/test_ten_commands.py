"""The commands of charts/README.md that run on a reader's machine, with the store of the image."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from support.helm import of_kind, render
from support.kind.commands import COMMANDS, a_shell
from support.kind.serving import PERSONA, REGISTRY, settings
from support.kind.tools import ROOT
from support.processes import free_ports, running
from support.server_processes import server_process
from support.tiny_models import make_tiny_model

from components.collect.sample.build import build_archive

pytestmark = pytest.mark.stores

KEYS = {"AWS_ACCESS_KEY_ID": "personas", "AWS_SECRET_ACCESS_KEY": "sesame"}
LOCAL = [command for command in COMMANDS if command.startswith(("huggingtweets", "python"))]
IMAGES = {"store": "store:dev", "serve": "serve:dev"}


def store_command() -> list[str]:
    """What the image `store` runs, from its Dockerfile."""
    text = (ROOT / "images" / "Dockerfile").read_text().replace("\\\n", "")
    (command,) = re.findall(r"^CMD (\[.*weed.*\])$", text, re.MULTILINE)
    words: list[str] = json.loads(command)
    return words


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The store, as its chart starts it, but on ports of its own."""
    for name, value in (KEYS | {"S3_BUCKET": "personas"}).items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "store"
    folder.mkdir()
    master, filer, volume, s3 = free_ports(4)
    weed, mode, *flags = store_command()
    places = {"-dir=/data": f"-dir={folder}", "-ip.bind=0.0.0.0": "-ip.bind=127.0.0.1"}
    command = [
        *(str(Path(sys.executable).with_name(weed)), mode),
        *(places.get(flag, flag) for flag in flags),
        *(f"-master.port={master}", f"-filer.port={filer}", f"-volume.port={volume}"),
        f"-s3.port={s3}",
    ]
    found = f"http://127.0.0.1:{s3}"
    with running(command, folder, lambda: is_up(found)):
        yield found


def is_up(endpoint: str) -> bool:
    try:
        return requests.get(f"{endpoint}/healthz", timeout=2).ok
    except requests.ConnectionError:
        return False


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
    with server_process(REGISTRY, place, "pod", "--dtype", "fp32", variables=in_pod) as server:
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
