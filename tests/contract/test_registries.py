"""What the registry promises to many at once and to those who are killed, on every store."""

import itertools
import random
import signal
import time

import pytest
from support.registries import (
    FILES,
    promote,
    publish,
    publish_and_die,
    run_all,
    start,
    write,
)

from components.registry import Registry

MANY = [2, 8, pytest.param(20, marks=pytest.mark.long)]


@pytest.mark.parametrize("writers", MANY)
def test_publishes_at_once_are_numbered_without_gap(
    store_uri: str,
    writers: int,
) -> None:
    assert run_all([(publish, store_uri)] * writers) == [0] * writers
    registry = Registry.open(store_uri)
    assert registry.versions("jane") == list(range(1, writers + 1))
    for version in registry.versions("jane"):
        card = registry.store.get(f"jane/versions/{version}/README.md").data
        assert card.decode() == f"card of version {version}"
    assert registry.verify() == []
    latest = registry.alias("jane", "latest")
    assert latest is not None
    assert latest.version == writers
    assert _strays(registry) == []


@pytest.mark.parametrize("writers", MANY)
def test_promotes_at_once_all_succeed_and_stand_once_in_the_history(
    store_uri: str,
    writers: int,
) -> None:
    registry = Registry.open(store_uri)
    for _ in range(writers):
        registry.publish("jane", write, {})
    tasks = [(promote, store_uri, version) for version in range(1, writers + 1)]
    assert run_all(tasks) == [0] * writers
    alias = registry.alias("jane", "production")
    assert alias is not None
    assert sorted(move.version for move in alias.history) == list(range(1, writers + 1))
    assert alias.version == alias.history[-1].version
    assert registry.verify() == []


@pytest.mark.parametrize("after", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_publish_killed_at_any_change_leaves_a_whole_version_or_none(
    store_uri: str,
    after: bool,
) -> None:
    registry = Registry.open(store_uri)
    for die_at in itertools.count():
        persona, expected = f"persona{die_at}", min(die_at, 1)
        if expected:  # the first is killed where nothing is, the others beside a version
            registry.publish(persona, write, {})
        process = start(publish_and_die, store_uri, die_at, after, "", persona)
        process.join()
        _check_whole(registry, expected, expected + 1, persona)
        if process.exitcode == 0:  # it needed fewer changes than that
            break
        assert process.exitcode == -signal.SIGKILL
        # What was decided is finished by the next one, what was not leaves no gap.
        before = registry.versions(persona)
        number = registry.publish(persona, write, {}).version
        assert number in (len(before) + 1, len(before) + 2)
        _check_whole(registry, number, number, persona)
    assert die_at > 3 * len(FILES)
    registry.gc(older_than=-1)
    assert [_strays(registry, persona) for persona in registry.personas()] == [[]] * (die_at + 1)
    assert registry.verify() == []


def test_a_publish_killed_at_any_moment_leaves_a_whole_version_or_none(
    store_uri: str,
) -> None:
    registry, chance = Registry.open(store_uri), random.Random(7)
    for _ in range(10):
        before = len(registry.versions("jane"))
        process = start(publish, store_uri)
        time.sleep(10 ** chance.uniform(-2, 0))
        process.kill()
        process.join()
        # its own version, and one that a publisher killed before had claimed
        _check_whole(registry, before, before + 2)
    number = registry.publish("jane", write, {}).version
    _check_whole(registry, number, number)


def _check_whole(registry: Registry, least: int, most: int, persona: str = "jane") -> None:
    versions = registry.versions(persona)
    assert versions == list(range(1, len(versions) + 1))
    assert least <= len(versions) <= most
    assert registry.verify(persona if versions else None) == []
    for version in versions:
        assert {entry.path for entry in registry.manifest(persona, version).files} == set(FILES)


def _strays(registry: Registry, persona: str = "jane") -> list[str]:
    """Everything below a persona but versions and aliases."""
    keys = [stat.key for stat in registry.store.list(f"{persona}/")]
    kept = f"{persona}/versions/"
    return [key for key in keys if not key.startswith(kept) and key.count("/") > 1]
