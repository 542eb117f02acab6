"""`huggingtweets forget --retrain` on a tiny model: a version of what is left takes the place."""

import json
from pathlib import Path

import pytest
from support.fleets import QUICK_FLAGS, write_table
from support.forgetting import VARIABLES, text_of
from support.tiny_models import make_tiny_model

from components.contracts.registry import PostHashes
from components.registry import PRODUCTION, Registry
from components.registry.post_hashes import POST_HASHES, post_keys
from pipelines.cli.command import main

ONE = "7"
"""The id of one of rosa's posts."""


def test_a_version_of_what_is_left_comes_into_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    base = make_tiny_model(tmp_path / "tiny")
    for author, first in (("rosa", 0), ("otto", 80)):
        texts = [text_of(author, number) for number in range(80)]
        write_table(tmp_path / f"{author}.json", author, texts, first)
    made = ["run", "--out", "out", "--name", "both", "--base-model", str(base), "--no-gate"]
    sources = ["--table", "rosa.json", "--table", "otto.json", "--consent", "fictional"]
    assert main([*made, *sources, *QUICK_FLAGS, "--learning-rate", "1e-3"]) == 0
    monkeypatch.setenv("HUGGINGTWEETS_BASE_MODEL", str(base))
    capsys.readouterr()

    words = ["forget", "--registry", "out/registry", "--artifacts", "out", "--retrain"]
    assert main([*words, "--post-id", ONE]) == 0
    assert "production of both: from version 1 to nothing" in capsys.readouterr().out
    registry = Registry.open("out/registry")
    alias = registry.alias("both", PRODUCTION)
    assert alias is not None
    assert alias.version == 2
    assert registry.verify() == []
    lineage = registry.manifest("both", 2).lineage
    assert lineage.authors == ("otto", "rosa")
    assert lineage.train.hyperparameters["learning_rate"] == 1e-3, "as the version before it"
    hashes = PostHashes(**json.loads(registry.file("both", 2, POST_HASHES)))
    key = post_keys(VARIABLES)[0]
    assert key.hash("8") in hashes.posts
    assert key.hash(ONE) not in hashes.posts

    assert main([*words, "--post-id", ONE]) == 0
    assert registry.versions("both") == [1, 2], "what is made of the rest already stays"

    assert main([*words, "--author", "rosa", "--author", "otto"]) == 1
    assert "both was not trained anew: nothing is left" in capsys.readouterr().err
    assert registry.alias("both", PRODUCTION) is None or not registry.stale().find("both", 3)
