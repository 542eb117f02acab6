"""`huggingtweets fleet` on tiny models, killed at random moments."""

import json
import os
import random
import subprocess
import time
from pathlib import Path

import pytest
from support.commands import HUGGINGTWEETS, Command
from support.fleets import QUICK_FLAGS, write_fleet
from support.images import FILE, built_images

from components.registry import Registry

MANY = int(os.environ.get("HUGGINGTWEETS_FLEET_PERSONAS", "20"))
"""Personas of the long tests; 200 of them take more than half an hour on two processors."""


def start(folder: Path, *words: str) -> Command:
    return Command(HUGGINGTWEETS, "fleet", *words, folder=folder)


def call(folder: Path, *words: str, expect: int = 0) -> str:
    answer = start(folder, *words).end()
    with (folder / "log.txt").open("a") as log:
        log.write(answer.stderr)
    assert answer.returncode == expect, answer.stderr[-3000:]
    return answer.stdout


def line_of(folder: Path) -> list[str]:
    return ["--manifest", "everyone.jsonl", "--registry", str(folder / "registry"), *QUICK_FLAGS]


def survive(folder: Path, personas: list[str], kills: int) -> None:
    """Make the fleet, killed so often; nothing is lost, and nothing is done twice."""
    write_fleet(folder, personas)
    moments = random.Random(7)
    registry = Registry.open(str(folder / "registry")).begin()
    for done in sorted(moments.randrange(len(personas)) for _ in range(kills)):
        command = start(folder, *line_of(folder))
        while len(registry.personas()) < done and not command.has_ended:
            time.sleep(0.1)
        time.sleep(moments.uniform(0.5, 5.0))
        command.kill()
    call(folder, *line_of(folder))
    assert registry.personas() == personas
    for persona in personas:
        assert registry.versions(persona) == [1]
        alias = registry.alias(persona, "production")
        assert alias is not None
        assert [move.version for move in alias.history] == [1]
    assert registry.verify() == []
    status = json.loads(call(folder, "status", "everyone", "--registry", "registry", "--json"))
    assert status["counts"] == {
        "published": len(personas),
        "failed": 0,
        "running": 0,
        "waiting": 0,
    }
    assert [one["persona"] for one in status["personas"]] == personas
    left = [path.name for path in (folder / "out/fleets/everyone").iterdir()]
    assert not set(left) & set(personas), "what is published lies in the registry alone"


def test_a_fleet_killed_at_random_moments_loses_none_and_does_none_twice(tmp_path: Path) -> None:
    survive(tmp_path, ["ann", "bob", "cyd"], kills=3)


@pytest.mark.docker
@pytest.mark.parametrize(
    ("personas", "kills"), [(4, 2), pytest.param(MANY, 10, marks=pytest.mark.long)]
)
def test_shards_in_containers_that_are_killed_lose_none_and_do_none_twice(
    tmp_path: Path, personas: int, kills: int
) -> None:
    built_images("cpu", "train")
    names = [f"author{number:03d}" for number in range(personas)]
    write_fleet(tmp_path, names)
    shards = str(min(personas // 2, 10))
    words = ["--runner", "docker", "--images", str(FILE), "--shards", shards]
    registry = Registry.open(str(tmp_path / "registry")).begin()
    command = start(tmp_path, *line_of(tmp_path), *words)
    moments = random.Random(7)
    for done in sorted(moments.randrange(personas) for _ in range(kills)):
        while len(registry.personas()) < done and not command.has_ended:
            time.sleep(0.1)
        time.sleep(moments.uniform(2.0, 8.0))
        mine = ["docker", "ps", "--quiet", "--filter", f"volume={tmp_path}/registry"]
        running = subprocess.run(mine, capture_output=True, text=True, check=True).stdout.split()
        for container in running:
            subprocess.run(["docker", "kill", container], capture_output=True, check=False)
    if command.end().returncode:  # what was killed too often here goes on with the next call
        call(tmp_path, *line_of(tmp_path), *words)
    assert [registry.versions(name) for name in names] == [[1]] * personas
    assert registry.verify() == []


@pytest.mark.long
def test_many_killed_ten_times(tmp_path: Path) -> None:
    survive(tmp_path, [f"author{number:03d}" for number in range(MANY)], kills=10)


def test_one_that_fails_does_not_sink_the_rest_and_is_made_once_it_can_be(tmp_path: Path) -> None:
    write_fleet(tmp_path, ["ann", "bob"])
    table = (tmp_path / "ann.json").read_bytes()
    (tmp_path / "ann.json").write_text("[]")
    printed = call(tmp_path, *line_of(tmp_path), expect=1)
    assert "fleet everyone: 1 published, 1 failed of 2" in printed
    assert "bob@1" in printed
    status = call(tmp_path, "status", "everyone", "--registry", "registry")
    assert "ann.json" in status, "the sentence says what is wrong"
    (tmp_path / "ann.json").write_bytes(table)
    call(tmp_path, *line_of(tmp_path), "--retry-failed")
    assert Registry.open(str(tmp_path / "registry")).versions("bob") == [1]
    log = (tmp_path / "log.txt").read_text()
    assert "Traceback" not in log
    call(tmp_path, *line_of(tmp_path))


def test_a_bad_line_ends_it_before_anything_starts(tmp_path: Path) -> None:
    manifest = write_fleet(tmp_path, ["ann"])
    with manifest.open("a") as file:
        file.write('{"persona": "bob"}\n')
    call(tmp_path, *line_of(tmp_path), expect=2)
    assert "everyone.jsonl, line 2: sources" in (tmp_path / "log.txt").read_text()
    assert not (tmp_path / "registry").exists()
    assert not (tmp_path / "out").exists()
