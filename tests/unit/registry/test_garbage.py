import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.registries import write

from components.contracts.errors import BadInputError
from components.contracts.registry import StaleVersion
from components.registry import Registry
from components.registry.stale import mark_stale

LONG_AGO = 1_000_000_000


@pytest.fixture
def registry(registry: Registry) -> Registry:
    for _ in range(6):
        registry.publish("jane", write, {})
    return registry


def leave(place: Path, key: str, *, age: float = LONG_AGO) -> Path:
    path = place / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (age, age))
    return path


def test_without_being_asked_every_version_stays(registry: Registry) -> None:
    assert registry.gc() == []
    assert registry.versions("jane") == [1, 2, 3, 4, 5, 6]


def test_what_aliases_point_or_pointed_to_stays_beside_the_newest(registry: Registry) -> None:
    registry.move_alias("jane", "production", 2)
    registry.move_alias("jane", "production", 4)
    registry.move_alias("jane", "candidate", 3)
    assert registry.gc(keep=1) == ["jane/versions/1/", "jane/versions/5/"]
    assert registry.versions("jane") == [2, 3, 4, 6]
    assert registry.verify() == []
    assert registry.publish("jane", write, {}).version == 7


def test_the_newest_stays_whatever_is_asked(registry: Registry) -> None:
    registry.gc(keep=0)
    assert registry.versions("jane") == [6]
    assert registry.publish("jane", write, {}).version == 7


def test_the_rest_of_killed_publishes_goes_when_it_is_old(registry: Registry, place: Path) -> None:
    old = [
        leave(place, "jane/uploads/old/model.bin"),
        leave(place, "jane/versions/9/model.bin"),
        leave(place, "jane/versions/2.tmp/model.bin"),
        leave(place, "jane/versions/.model.bin.123.draft"),
        leave(place, "bob/uploads/old/model.bin"),
    ]
    now = (place / "jane" / "latest.json").stat().st_mtime
    live = [
        leave(place, "jane/uploads/live/model.bin", age=now),
        leave(place, "jane/versions/8/model.bin", age=now),
    ]
    registry.gc()
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in live)
    assert registry.verify() == []
    registry.gc(older_than=-1)
    assert not any(path.exists() for path in live)


def test_the_rest_of_a_removed_version_goes_at_once(registry: Registry, place: Path) -> None:
    (place / "jane" / "versions" / "3" / "manifest.json").unlink()
    assert registry.gc() == ["jane/versions/3/"]
    assert registry.versions("jane") == [1, 2, 4, 5, 6]


def test_what_is_left_of_a_version_that_an_alias_needs_stays(
    registry: Registry, place: Path
) -> None:
    registry.move_alias("jane", "production", 3)
    (place / "jane" / "versions" / "3" / "manifest.json").unlink()
    (place / "jane" / "versions" / "6" / "manifest.json").unlink()
    assert registry.gc(older_than=-1) == []
    assert (place / "jane" / "versions" / "3" / "model.bin").exists()
    assert (place / "jane" / "versions" / "6" / "model.bin").exists()


def test_a_version_that_an_alias_moves_to_meanwhile_is_put_back(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete, moved = registry.store.delete, []

    def delete_after_a_move(key: str) -> None:
        if key == "jane/versions/1/manifest.json" and not moved:
            moved.append(registry.move_alias("jane", "production", 1))
        delete(key)

    monkeypatch.setattr(registry.store, "delete", delete_after_a_move)
    registry.gc(keep=5)
    assert moved
    assert registry.versions("jane") == [1, 2, 3, 4, 5, 6]
    assert registry.verify() == []


def test_an_alias_does_not_stay_on_a_version_removed_meanwhile(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.move_alias("jane", "production", 2)
    move_to_what_is_removed(registry, monkeypatch, "swap", lambda: None)
    alias = registry.alias("jane", "production")
    assert alias is not None
    assert alias.version == 2
    assert registry.verify() == []


def test_an_alias_whose_first_move_led_nowhere_is_unset(
    registry: Registry, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_to_what_is_removed(registry, monkeypatch, "create", lambda: None)
    assert registry.alias("jane", "production") is None
    assert registry.verify() == []
    with pytest.raises(BadInputError, match="nowhere to go back to"):
        registry.rollback("jane", "production")
    assert [m.version for m in registry.move_alias("jane", "production", 6).history] == [6]
    assert registry.gc(keep=1) == []


@pytest.mark.parametrize("first", ["swap", "create"])
def test_whoever_moved_an_alias_on_meanwhile_is_left_alone(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    if first == "swap":
        registry.move_alias("jane", "production", 2)
    move_to_what_is_removed(
        registry, monkeypatch, first, lambda: registry.move_alias("jane", "production", 6)
    )
    alias = registry.alias("jane", "production")
    assert alias is not None
    assert alias.version == 6
    assert alias.history[-1].version == 6
    assert registry.verify() == []


def move_to_what_is_removed(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, how: str, then: Callable[[], object]
) -> None:
    """Promote version 1, which is removed just before the alias is written; do `then` after."""
    monkeypatch.setattr("components.registry.aliases.REMOVAL_SECONDS", 0.1)
    write_alias = getattr(registry.store, how)

    def after_a_removal(key: str, *args: Any) -> str:
        if not key.startswith("jane/"):  # the audit log
            return str(write_alias(key, *args))
        monkeypatch.setattr(registry.store, how, write_alias)
        registry.gc(keep=1)
        version: str = write_alias(key, *args)
        then()
        return version

    monkeypatch.setattr(registry.store, how, after_a_removal)
    with pytest.raises(BadInputError, match="was removed by `registry gc`"):
        registry.move_alias("jane", "production", 1)


def test_stale_versions_that_no_alias_points_to_go_with_the_old_ones(registry: Registry) -> None:
    for version in (1, 2, 3):
        registry.publish("ann", write, {})
        registry.move_alias("ann", "production", version)
    marked = [
        StaleVersion(persona="ann", version=version, marked_at=datetime.now(UTC), why="so")
        for version in (2, 3)
    ]
    mark_stale(registry.store, marked)
    assert registry.gc(keep=6) == ["ann/versions/2/"]
    registry.withdraw("ann", "production")
    registry.withdraw("ann", "latest")
    assert registry.gc(keep=6) == ["ann/versions/3/"]
    assert registry.versions("ann") == [1]
    assert registry.verify() == []
