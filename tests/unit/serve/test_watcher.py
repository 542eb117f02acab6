"""What a server says, and does, while the registry is not as it should be."""

import logging
from pathlib import Path

import pytest
from support.servers import publish

from components.registry import Registry
from components.serve.personas.complaints import Complaints
from components.serve.personas.disk import Disk
from components.serve.personas.watcher import Watcher


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(caplog: pytest.LogCaptureFixture) -> Clock:
    caplog.set_level(logging.INFO, "components.serve.personas")
    return Clock()


def watching(registry: Registry, place: Path, clock: Clock) -> Watcher:
    """A watcher of all personas that keeps what it knows below `place`."""
    return Watcher(registry, Disk(place / "cache", registry.store.uri), (), clock)


@pytest.fixture
def reconnected(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each time that the registry's connections are let go."""
    times: list[int] = []
    monkeypatch.setattr(registry.store, "reconnect", lambda: times.append(1))
    return times


def test_a_registry_that_stays_away_is_said_once_a_minute(
    registry: Registry, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    publish(registry)
    watcher = watching(registry, tmp_path, clock)
    watcher.poll()
    (tmp_path / "registry").rename(tmp_path / "elsewhere")
    for _ in range(0, 180, 5):
        assert watcher.poll()["jane"].production
        clock.now += 5
    assert caplog.text.count("the registry is away") == 3
    (tmp_path / "elsewhere").rename(tmp_path / "registry")
    watcher.poll()
    watcher.poll()
    assert caplog.text.count("registry can be read again") == 1


def test_a_damaged_alias_is_said_once_a_minute_and_asked_over_new_connections(
    registry: Registry, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture,
    reconnected: list[int],
) -> None:  # fmt: skip
    publish(registry)
    watcher = watching(registry, tmp_path, clock)
    before = watcher.poll()
    assert not reconnected
    (tmp_path / "registry/jane/production.json").write_text("<html>somebody else</html>")
    for _ in range(0, 120, 30):
        assert watcher.poll() == before
        clock.now += 30
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 2
    assert len(reconnected) == 4


def test_that_an_alias_is_gone_is_believed_when_new_connections_say_so_too(
    registry: Registry, tmp_path: Path, clock: Clock, reconnected: list[int]
) -> None:
    publish(registry)
    publish(registry, "john")
    publish(registry, alias="candidate")
    watcher = watching(registry, tmp_path, clock)
    assert watcher.poll()["jane"].candidate
    (tmp_path / "registry/jane/candidate.json").unlink()
    assert watcher.poll()["jane"].candidate is None
    assert len(reconnected) == 1
    watcher.poll()
    assert len(reconnected) == 1


def test_troubles_that_take_turns_are_each_said_once_a_minute(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    complaints = Complaints(clock)
    for second in range(120):
        complaints.say("registry", f"trouble {second % 2}")
        complaints.say("jane", "another")
        clock.now += 1
    said = [record.message for record in caplog.records]
    assert sorted(said) == ["another"] * 2 + ["trouble 0"] * 2 + ["trouble 1"] * 2


def test_a_trouble_that_comes_back_is_said_at_once(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    complaints = Complaints(clock)
    for _ in range(2):
        complaints.say("registry", "gone")
        complaints.settle("registry")
    said = [record.message for record in caplog.records]
    assert said == ["gone", "registry can be read again"] * 2
