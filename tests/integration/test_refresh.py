"""`huggingtweets refresh` on a tiny model: what is new, who is better, and why."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import HUGGINGTWEETS, call
from support.fleets import QUICK_FLAGS, write_table
from support.tiny_models import make_tiny_model

from components.collect.config import ArchiveSource
from components.collect.sample.build import build_archive
from components.collect.stage import run as collect
from components.contracts.base import read_rows
from components.contracts.posts import Post
from components.registry import Registry
from components.registry.refreshes import read_refresh, refreshes

QUICK = [*QUICK_FLAGS, "--no-gate"]


class Desk:
    """A persona in a registry, whose author writes on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_tiny_model(folder / "tiny")
        archive = build_archive(folder / "sample.zip")
        source = ArchiveSource(archive=str(archive), consent="fictional")
        collect(source, dataset_out=folder / "sample")
        self.texts = [post.text for post in read_rows(folder / "sample/posts.jsonl", Post)]
        self.write(150)
        words = ["--out", "made", "--base-model", "tiny", "--consent", "fictional"]
        self.call("run", *words, *QUICK, "--table", "ann.json", "--learning-rate", "1e-9")
        self.registry = Registry.open(str(folder / "made" / "registry"))

    def write(self, posts: int) -> None:
        write_table(self.folder / "ann.json", "ann", self.texts[:posts])

    def refresh(self, *words: str, expect: int = 0) -> dict[str, Any]:
        given = ["ann", "--registry", "made/registry", "--base-model", "tiny", "--json"]
        printed = self.call("refresh", *given, "--no-gate", *words, expect=expect)
        return json.loads(printed) if printed else {}

    def call(self, *words: str, expect: int = 0) -> str:
        answer = call(HUGGINGTWEETS, *words, folder=self.folder)
        self.said = answer.stderr
        assert answer.returncode == expect, answer.stderr
        return answer.stdout

    def production(self) -> int:
        alias = self.registry.alias("ann", "production")
        assert alias is not None
        return alias.version


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))


def test_a_persona_is_refreshed_when_there_is_enough_and_it_gets_better(desk: Desk) -> None:
    assert desk.refresh(expect=2) == {}
    assert "ann@1 was made from the file ann.json" in desk.said
    assert "give it with --table FILE" in desk.said

    same = desk.refresh("--table", "ann.json")
    assert (same["outcome"], same["new_posts"][0]["posts"]) == ("too-little-new", 0)
    assert "components.train" not in desk.said

    desk.write(190)
    few = desk.refresh("--table", "ann.json")
    assert few["outcome"] == "too-little-new"
    assert few["new_posts"][0]["posts"] == 39, "one of the forty is a repost"

    better = desk.refresh("--table", "ann.json", "--min-new", "30", "--learning-rate", "5e-3")
    assert (better["outcome"], better["version"], better["champion"]) == ("promoted", 2, 1)
    assert better["difference"]["high"] < 0
    assert desk.production() == 2
    lineage = desk.registry.manifest("ann", 2).lineage
    assert lineage.consent == {"ann": "fictional"}, "as the version before it"
    assert lineage.train.asked_dtype == "fp32"
    assert lineage.evaluate.samples == 5

    desk.write(260)
    worse = desk.refresh("--table", "ann.json", "--learning-rate", "1e-9")
    assert (worse["outcome"], worse["version"], worse["champion"]) == ("kept", None, 2)
    assert "stays in production" in worse["sentence"]
    assert desk.production() == 2
    assert desk.registry.versions("ann") == [1, 2]

    again = desk.refresh("--table", "ann.json", "--learning-rate", "1e-9")
    assert again["outcome"] == "too-little-new", "a challenger that lost is not trained again"
    store = desk.registry.store
    outcomes = [read_refresh(store, "ann", n).outcome for n in refreshes(store, "ann")]
    ends = ["too-little-new"] * 2 + ["promoted", "kept", "too-little-new"]
    assert outcomes == ends
    assert desk.registry.verify() == []


def test_who_opted_out_is_not_refreshed(desk: Desk, tmp_path: Path) -> None:
    where = ["--registry", "made/registry"]
    desk.call("registry", "opt-out", "add", "--handle", "ann", *where)
    desk.refresh("--table", "ann.json", "--min-new", "0", expect=2)
    assert "opted out" in desk.said
    desk.call("registry", "opt-out", "remove", "--handle", "ann", *where)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bob", "--registry", "made/registry"], "there is no persona bob"),
        (["ann", "--registry", "nowhere"], "there is no such folder"),
        (["a/b", "--registry", "made/registry"], "cannot name a persona"),
        (["ann", "--registry", "made/registry"], "give it with --base-model DIR"),
    ],
)
def test_what_cannot_be_refreshed_is_one_sentence(desk: Desk, words: list[str], said: str) -> None:
    desk.call("refresh", *words, expect=2)
    assert said in desk.said
    assert "Traceback" not in desk.said
