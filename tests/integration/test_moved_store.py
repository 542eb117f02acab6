"""A server follows a store that moved while its connections stayed open."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.moved_store import MovedStore, moved_store
from support.servers import publish
from support.stores import StoreServer

from components.contracts.errors import BadInputError
from components.registry import Registry
from components.serve.personas.disk import Disk
from components.serve.personas.sources import RegistrySource
from components.serve.personas.watcher import Watcher

pytestmark = pytest.mark.stores


@pytest.fixture(params=["s3", "gs"])
def store(
    request: pytest.FixtureRequest,
    store_servers: Callable[[str], StoreServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[tuple[str, MovedStore]]:
    """The URI of a registry, and what stands before its store."""
    server = store_servers(request.param)
    with moved_store(server.endpoint) as moved:
        for name, value in server.environment(moved.endpoint).items():
            monkeypatch.setenv(name, value)
        yield f"{server.uri}/{tmp_path.name}", moved


@pytest.mark.parametrize("named", [("jane",), ()])
def test_the_poll_after_a_failed_one_reaches_the_store(
    store: tuple[str, MovedStore], named: tuple[str, ...], tmp_path: Path
) -> None:
    uri, moved = store
    publish(Registry.open(uri))
    watcher = Watcher(Registry.open(uri), Disk(tmp_path, uri), named)
    watcher.poll()
    moved.move()
    publish(Registry.open(uri))  # another process, with connections of its own
    polled = [watcher.poll()["jane"].production for _ in range(2)]
    assert polled[-1] is not None
    assert polled[-1].version == 2
    assert watcher.reachable
    assert moved.stale_answers


def test_a_first_poll_that_finds_nothing_is_followed_by_one_that_does(
    store: tuple[str, MovedStore], tmp_path: Path
) -> None:
    uri, moved = store
    registry = Registry.open(uri)
    watcher = Watcher(registry, Disk(tmp_path, uri), ("jane",))
    assert registry.alias("jane", "production") is None  # leaves a connection open
    moved.move()
    publish(Registry.open(uri))
    watcher.poll()
    assert watcher.poll()["jane"].production
    assert moved.stale_answers


def test_the_fetch_after_a_failed_one_reaches_the_store(
    store: tuple[str, MovedStore], tmp_path: Path
) -> None:
    uri, moved = store
    registry, disk = Registry.open(uri), Disk(tmp_path, uri)
    publish(registry)
    source = RegistrySource(registry, "jane", 1)
    moved.move()
    with pytest.raises(BadInputError):
        source.fetch(disk)
    assert (source.fetch(disk).folder / "model.safetensors").is_file()
    assert moved.stale_answers


def test_a_store_is_asked_on_after_it_let_go_of_its_connections(
    store: tuple[str, MovedStore],
) -> None:
    uri, moved = store
    place = Registry.open(uri).store
    place.reconnect()
    place.put("a", b"1")
    moved.move()
    place.reconnect()
    assert place.get("a").data == b"1"
    assert not moved.stale_answers
