"""What the room's README tells people to type is typed here."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from support.fake_engine import FakeEngines
from support.marks import make_key
from support.servers import Running, publish, publish_adapter, publish_base, serving

from components.registry import Registry
from components.runtime.flags import flag_of
from components.serve.config import ServeConfig
from components.serve.dialects.open_inference_bodies import GenerateRequest
from components.serve.dialects.open_inference_fields import EngineFields
from components.serve.dialects.openai_bodies import CompletionRequest, StreamOptions
from components.serve.dialects.torchserve_bodies import Prediction

FIELDS: list[tuple[type[BaseModel], ...]] = [
    (Prediction,),
    (GenerateRequest, EngineFields),
    (),
    (CompletionRequest, StreamOptions),
]
"""The requests of each row of the table of fields."""
README = (Path(__file__).parents[3] / "components" / "serve" / "README.md").read_text()
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def gardener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("readme")
    registry = Registry.open(str(place / "registry"))
    publish(registry, "gardener")
    publish_adapter(registry, publish_base(registry, place / "base"), "gardener", alias=None)
    secrets = {
        "HUGGINGTWEETS_MANAGEMENT_TOKEN": "secret",
        "HUGGINGTWEETS_MARK_KEY": make_key().private,
    }
    with serving(registry, place / "cache", FakeEngines(), secrets) as server:
        yield server


def blocks(language: str, running: Running) -> list[str]:
    """The blocks that ask a server, asking this one."""
    assert running.management
    ports = {"8080": running.inference, "8081": running.management}
    found = [text for kind, text in BLOCK.findall(README) if kind == language]
    for port, address in ports.items():
        found = [
            text.replace(f"localhost:{port}", address.removeprefix("http://")) for text in found
        ]
    return [text for text in found if "127.0.0.1" in text]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_every_curl_works(gardener: Running) -> None:
    lines = [line for block in blocks("sh", gardener) for line in commands(block)]
    assert len(lines) == 17
    for line in lines:
        answer = subprocess.run(
            line.replace("curl", "curl -sS -f", 1), shell=True, capture_output=True, text=True,
            env={**os.environ, "TOKEN": "secret"}, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, f"{line}\n{answer.stderr}"
        asks_for_text = "prompt" in line or "My dream is" in line
        assert not asks_for_text or "sample" in answer.stdout, line


def commands(block: str) -> list[str]:
    joined = block.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def test_every_python_client_works(gardener: Running) -> None:
    clients = blocks("python", gardener)
    assert len(clients) == 2
    for client in clients:
        answer = subprocess.run(
            [sys.executable, "-c", client], capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr
        assert "sample 0 of seed" in answer.stdout


def test_every_field_is_in_the_table() -> None:
    _, _, after = README.partition("**No field is passed over.**")
    rows = [line for line in after.split("\n\n")[1].splitlines() if line.startswith("| ")][1:]
    for models, row in zip(FIELDS, rows, strict=True):
        fields = {name for model in models for name in model.model_fields}
        assert fields - {"parameters", "inputs", "outputs"} <= set(re.findall(r"`(\w+)`", row))


def test_every_flag_is_in_the_table() -> None:
    named = set(re.findall(r"`(--[\w-]+)`", README))
    assert {flag_of(name) for name in ServeConfig.model_fields} <= named
