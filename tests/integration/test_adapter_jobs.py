"""Every job that makes personas, asked for adapters in place of whole models."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import HUGGINGTWEETS, call
from support.fleets import QUICK_FLAGS, write_fleet

from components.contracts.registry import Manifest
from components.registry import Registry

ADAPTER = ("--method", "lora", "--publish", "adapter", *QUICK_FLAGS, "--no-gate")
ANN = ("--table", "ann.json", "--author", "ann", "--consent", "fictional", "--base-model", "tiny")
SWEEP = "{method: grid,\n parameters: {learning_rate: {values: [1e-9, 1e-2]}}}\n"


class Desk:
    """A folder with posts of two people, and a registry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_fleet(folder, ["ann", "bob"])
        self.registry = Registry.open(str(folder / "registry"))

    def call(self, *words: str, expect: int = 0) -> str:
        answer = call(HUGGINGTWEETS, *words, folder=self.folder)
        self.said = answer.stderr
        assert answer.returncode == expect, answer.stderr
        return answer.stdout

    def production(self, persona: str) -> Manifest:
        alias = self.registry.alias(persona, "production")
        assert alias is not None
        return self.registry.manifest(persona, alias.version)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.long
def test_fleet_refresh_and_sweep_make_adapters_of_one_base_model(desk: Desk) -> None:
    where = ("--registry", "registry")
    poorly = ("--learning-rate", "1e-5")
    desk.call("fleet", "--manifest", "everyone.jsonl", *where, *ADAPTER[:-1], *poorly)
    first = desk.production("ann").base_model
    assert first is not None
    assert desk.production("bob").base_model == first

    again = ("ann", *where, "--table", "ann.json", "--base-model", "tiny", "--min-new", "0")
    words = (*again, "--learning-rate", "1e-2", "--no-gate", "--json")
    report: dict[str, Any] = json.loads(desk.call("refresh", *words))
    assert (report["outcome"], report["champion"], report["version"]) == ("promoted", 1, 2)
    assert desk.production("ann").base_model == first, "an adapter, as the version before it"
    assert desk.registry.store.folders("bases/") == [first.sha256]
    assert desk.registry.verify() == []
    posts = desk.call("generate", "--model", "registry/ann/versions/2", "--num", "2")
    assert len(posts.splitlines()) >= 2

    (desk.folder / "sweep.yaml").write_text(SWEEP)
    words = ("--sweep", "sweep.yaml", "--out", "out", *ANN, *ADAPTER, "--json")
    best: dict[str, Any] = json.loads(desk.call("sweep", *words))["trials"][0]
    assert best["parameters"] == {"learning_rate": 1e-2}
    swept = Registry.open(str(desk.folder / "out/registry"))
    assert swept.manifest("ann", 1).base_model == first


def test_what_adapters_cannot_be_is_said_before_anything_starts(desk: Desk) -> None:
    run = ("run", "--out", "out", *ANN)
    desk.call(*run, *ADAPTER, "--gguf", "f16", expect=2)
    assert "--gguf: a GGUF is made of whole models alone" in desk.said
    desk.call(*run, "--publish", "adapter", expect=2)
    assert "--publish adapter is for --method lora" in desk.said
    assert not (desk.folder / "out/raw-dataset").exists()
