"""Models come from the registry, by digest, and follow its aliases."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.fake_engine import FakeEngine, FakeEngines
from support.servers import Running, publish, serving, until

from components.contracts.registry import StaleVersion
from components.registry import Registry
from components.registry.aliases import move_alias
from components.registry.opt_outs import add_opt_out
from components.registry.stale import mark_stale
from components.serve.personas.manager import ModelManager
from components.serve.personas.watcher import Watcher


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def version(running: Running, model: str = "jane") -> Any:
    return running.ask(model, prompt="x").json().get("model_version")


def test_a_server_that_ends_while_a_model_leaves_ends(registry: Registry, cache: Path) -> None:
    engines, leaving = FakeEngines(), threading.Event()

    def close_slowly(engine: FakeEngine) -> None:
        close = engine.close

        def slowly(drain_seconds: float = 0.0) -> None:
            leaving.set()
            time.sleep(1.0)
            close(drain_seconds)

        engine.close = slowly  # type: ignore[method-assign]

    engines.prepare = close_slowly
    publish(registry)
    with serving(registry, cache, engines, drain_delay=0.0):
        assert publish(registry) == 2
        assert leaving.wait(30)
    assert not engines.open


@contextmanager
def asking(running: Running, model: str) -> Iterator[list[int]]:
    """Ask all the time from four threads; gives the statuses."""
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses.append(running.ask(model, prompt="x", n=2).status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    yield statuses
    stop.set()
    for thread in threads:
        thread.join()


def test_the_engine_learns_what_the_publisher_measured(registry: Registry, cache: Path) -> None:
    formats = {"fp32": 1.5, "bf16": 1.6}
    publish(registry, formats=formats)
    publish(registry, "john")
    engines = FakeEngines()
    with serving(registry, cache, engines):
        told = {engine.folder.parent.name: engine.settings.bits_per_byte for engine in engines.made}
    assert told == {"jane": formats, "john": None}


def test_production_moves_without_a_dropped_request(registry: Registry, cache: Path) -> None:
    engines = FakeEngines()
    engines.prepare = lambda engine: setattr(engine, "delay", 0.005)
    publish(registry)
    with serving(registry, cache, engines) as running:
        with asking(running, "jane") as statuses:
            for number in (2, 3):
                assert publish(registry) == number
                until(lambda number=number: version(running) == str(number))  # type: ignore[misc]
            registry.rollback("jane", "production")
            until(lambda: version(running) == "2")
        assert set(statuses) == {200}
        until(lambda: len(engines.open) == 1, "the old version's unloading")
        assert running.ask("jane/1", prompt="x").status_code == 404


def test_a_request_keeps_its_version_until_it_is_done(registry: Registry, cache: Path) -> None:
    engines = FakeEngines()
    publish(registry)
    with serving(registry, cache, engines) as running:
        first = engines.last
        first.gate.clear()
        answers: list[Any] = []
        asking = threading.Thread(target=lambda: answers.append(version(running)))
        asking.start()
        until(lambda: first.running == 1)
        publish(registry)
        until(lambda: running.server.context.personas.default("jane").version == "2")
        assert version(running) == "2"
        assert not first.closed.is_set()
        first.gate.set()
        asking.join()
        assert answers == ["1"]
        until(first.closed.is_set, "its unloading")


def test_the_candidate_is_loaded_beside(registry: Registry, cache: Path) -> None:
    publish(registry)
    with serving(registry, cache) as running:
        publish(registry, alias="candidate")
        until(lambda: running.ask("jane/2", prompt="x").status_code == 200)
        assert version(running) == "1"
        registry.move_alias("jane", "production", 2)
        until(lambda: version(running) == "2")


def test_a_new_persona_is_found(registry: Registry, cache: Path) -> None:
    publish(registry)
    with serving(registry, cache) as running:
        assert running.ask("ann", prompt="x").status_code == 404
        publish(registry, "ann")
        until(lambda: running.ask("ann", prompt="x").status_code == 200)


def test_only_the_named_are_served(registry: Registry, cache: Path) -> None:
    publish(registry)
    publish(registry, "ann")
    with serving(registry, cache, persona=("ann",)) as running:
        assert running.ask("ann", prompt="x").status_code == 200
        assert running.ask("jane", prompt="x").status_code == 404


def test_changed_bytes_never_load(registry: Registry, cache: Path, tmp_path: Path) -> None:
    publish(registry)
    with serving(registry, cache) as running:
        publish(registry, alias=None)
        weights = tmp_path / "registry/jane/versions/2/model.safetensors"
        weights.write_bytes(b"others".ljust(weights.stat().st_size))
        registry.move_alias("jane", "production", 2)
        until(lambda: running.ask("jane/2", prompt="x").status_code == 503)
        assert "not what its manifest says" in running.ask("jane/2", prompt="x").json()["message"]
        assert version(running) == "1"


def test_a_changed_manifest_never_loads(registry: Registry, cache: Path, tmp_path: Path) -> None:
    publish(registry)
    publish(registry, "ann")
    manifest = tmp_path / "registry/ann/versions/1/manifest.json"
    manifest.write_text(manifest.read_text().replace("fictional", "own-archive"))
    with serving(registry, cache) as running:
        assert running.status("/readyz") == 200
        answer = running.ask("ann", prompt="x")
        assert answer.status_code == 503
        assert "not the one its alias names" in answer.json()["message"]


def test_a_copy_on_the_disk_that_changed_is_fetched_anew(registry: Registry, cache: Path) -> None:
    publish(registry)
    with serving(registry, cache):
        pass
    [weights] = cache.rglob("model.safetensors")
    weights.unlink()
    weights.write_bytes(b"others")
    with serving(registry, cache) as running:
        assert version(running) == "1"
    assert weights.read_bytes() != b"others"


def test_whoever_opted_out_is_not_loaded(registry: Registry, cache: Path) -> None:
    publish(registry)
    add_opt_out(registry.store.uri, handle="@Gardener")
    with serving(registry, cache) as running:
        assert running.status("/readyz") == 503
        answer = running.ask("jane", prompt="x")
        assert answer.status_code == 503
        assert "opted out" in answer.json()["message"]


def test_whoever_opts_out_is_let_go(registry: Registry, cache: Path) -> None:
    engines = FakeEngines()
    publish(registry)
    with serving(registry, cache, engines) as running:
        assert version(running) == "1"
        add_opt_out(registry.store.uri, account_id="1")
        until(engines.last.closed.is_set, "the unloading")
        until(lambda: running.ask("jane", prompt="x").status_code == 503)


def mark(registry: Registry, persona: str, version: int) -> None:
    one = StaleVersion(
        persona=persona, version=version, marked_at=datetime.now(UTC), why="its posts are forgotten"
    )
    mark_stale(registry.store, [one])


def test_a_stale_version_leaves_memory_and_disk_at_the_next_look(
    registry: Registry, cache: Path
) -> None:
    engines = FakeEngines()
    publish(registry)
    publish(registry)
    with serving(registry, cache, engines) as running:
        assert version(running) == "2"
        mark(registry, "jane", 2)
        registry.withdraw("jane", "production")
        until(lambda: version(running) == "1")
        until(lambda: len(engines.open) == 1)
        until(lambda: not list(cache.glob("*/jane/2/*")))
        assert list(cache.glob("*/jane/1/*"))


def test_a_stale_version_is_not_served_though_an_alias_points_to_it(
    registry: Registry, cache: Path, tmp_path: Path
) -> None:
    publish(registry)
    with serving(registry, cache) as running:
        mark(registry, "jane", 1)
        until(lambda: running.ask("jane", prompt="x").status_code == 503)
        assert "stale" in running.ask("jane", prompt="x").json()["message"]
    shutil.rmtree(tmp_path / "registry")
    with serving(registry, cache) as running:
        assert "stale" in running.ask("jane", prompt="x").json()["message"], "while it is away"


def test_a_list_of_stale_versions_that_is_damaged_lets_loaded_ones_go_on(
    registry: Registry, cache: Path
) -> None:
    publish(registry)
    with serving(registry, cache) as running:
        publish(registry, alias=None)
        registry.store.put("stale.json", b"<html>")
        move_alias(registry.store, "jane", "candidate", lambda history: 2)
        until(lambda: running.ask("jane/2", prompt="x").status_code == 200)
        assert version(running) == "1"


def test_it_goes_on_while_the_registry_is_away(
    registry: Registry, cache: Path, tmp_path: Path
) -> None:
    publish(registry)
    place, away = tmp_path / "registry", tmp_path / "away"
    with serving(registry, cache) as running:
        place.rename(away)
        until(lambda: not running.server.context.metrics.registry_reachable._value.get())
        assert running.status("/readyz") == 200
        assert version(running) == "1"
        away.rename(place)
        publish(registry)
        until(lambda: version(running) == "2")


def test_it_starts_while_the_registry_is_away(
    registry: Registry, cache: Path, tmp_path: Path
) -> None:
    publish(registry)
    place = tmp_path / "registry"
    with serving(registry, cache):
        pass
    shutil.rmtree(place)
    for left in ("gone", "empty"):
        with serving(registry, cache) as running:
            assert running.status("/readyz") == 200, left
            assert version(running) == "1"
        place.mkdir(exist_ok=True)


def test_a_first_start_waits_for_a_slow_registry(
    registry: Registry, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known to go on with: the models are not said to be missing meanwhile."""
    publish(registry)
    known: list[list[str]] = []
    poll, follow = Watcher.poll, ModelManager.follow

    def slowly(self: Watcher) -> Any:
        time.sleep(0.5)
        return poll(self)

    def noted(self: ModelManager, pointers: Any, **options: Any) -> Any:
        known.append(list(pointers))
        return follow(self, pointers, **options)

    monkeypatch.setattr("components.serve.personas.follower.LONGEST_SILENCE", 0.1)
    monkeypatch.setattr(Watcher, "poll", slowly)
    monkeypatch.setattr(ModelManager, "follow", noted)
    with serving(registry, cache) as running:
        assert version(running) == "1"
    assert known[0] == ["jane"]


def test_nobody_is_loaded_when_nobody_can_tell_who_opted_out(
    registry: Registry, cache: Path, tmp_path: Path
) -> None:
    publish(registry)
    with serving(registry, cache):
        pass
    shutil.rmtree(tmp_path / "registry")
    [copy] = cache.rglob("opt-outs.json")
    copy.unlink()
    with serving(registry, cache) as running:
        assert running.status("/readyz") == 503
        assert "opted out" in running.ask("jane", prompt="x").json()["message"]


def test_an_opt_out_holds_while_the_registry_is_away(
    registry: Registry, cache: Path, tmp_path: Path
) -> None:
    publish(registry)
    publish(registry, "ann")
    with serving(registry, cache):
        pass
    add_opt_out(registry.store.uri, handle="gardener")
    with serving(registry, cache):
        pass
    shutil.rmtree(tmp_path / "registry")
    with serving(registry, cache) as running:
        assert running.status("/readyz") == 503


def test_the_least_recently_used_leaves(registry: Registry, cache: Path) -> None:
    engines = FakeEngines()
    for name in ("ann", "bob", "jane"):
        publish(registry, name)
    with serving(registry, cache, engines, memory_gb=2.5e-6) as running:
        assert len(engines.open) == 2
        for name in ("ann", "bob", "jane", "ann", "jane", "bob"):
            assert running.ask(name, prompt="x").status_code == 200
        until(lambda: len(engines.open) == 2)
        folders = [engine.folder.parent.name for engine in engines.open]
        assert folders == ["jane", "bob"]


def test_what_never_fits_says_so(registry: Registry, cache: Path) -> None:
    publish(registry)
    with serving(registry, cache, memory_gb=1e-9) as running:
        assert running.status("/readyz") == 503
        answer = running.ask("jane", prompt="x")
        assert (answer.status_code, answer.json()["type"]) == (507, "OutOfMemoryException")


def test_an_engine_that_fails_is_tried_again(registry: Registry, cache: Path) -> None:
    engines = FakeEngines()
    engines.error = RuntimeError("secret detail of the loader")
    publish(registry)
    with serving(registry, cache, engines) as running:
        answer = running.ask("jane", prompt="x")
        assert answer.status_code == 503
        assert "secret" not in answer.text
        engines.error = None
        for model in running.server.context.personas.of("jane"):
            model.retry_at = 0
        until(lambda: version(running) == "1")
        assert running.status("/readyz") == 200


def test_a_model_is_warmed_before_it_answers(registry: Registry, cache: Path) -> None:
    engines = FakeEngines()

    def slow(engine: FakeEngine) -> None:
        engine.fails_with = None
        engine.delay = 0.001

    engines.prepare = slow
    publish(registry)
    with serving(registry, cache, engines):
        assert engines.last.drawn > 0
