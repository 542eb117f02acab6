"""What leaves the disk of a server, and what stays."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from support.fake_engine import FakeEngines
from support.servers import PATIENCE, Running, publish, serving, until

from components.registry import Registry
from components.registry.opt_outs import add_opt_out
from components.runtime.files import whole_file
from components.serve.archives.write import write_archive
from components.serve.metrics import Metrics
from components.serve.personas.disk import Disk
from components.serve.personas.opted_out import OptOuts
from components.serve.personas.shared_folders import Kept
from components.serve.personas.sources import RegistrySource
from components.serve.personas.stale import StaleVersions
from components.serve.personas.tidying import Tidier

TOKENS = {"HUGGINGTWEETS_MANAGEMENT_TOKEN": "manage-me"}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def kept(cache: Path, persona: str = "jane") -> set[str]:
    """The versions of a persona whose files are on the disk."""
    return {one.parent.name for one in cache.glob(f"*/{persona}/*/model.safetensors")}


def size(cache: Path) -> int:
    """Bytes and files that a pod's limit would count, each file with some for its name."""
    found = 0
    for path in cache.rglob("*"):
        try:
            found += 100 + path.lstat().st_size
        except FileNotFoundError:
            continue
    return found


def version(running: Running, model: str = "jane") -> Any:
    return running.ask(model, prompt="x").json().get("model_version")


def manage(running: Running, method: str, path: str, **query: Any) -> int:
    answer = requests.request(
        method,
        f"{running.management}{path}",
        params=query,
        headers={"Authorization": "Bearer manage-me"},
        timeout=PATIENCE,
    )
    return answer.status_code


def register(running: Running, url: str) -> None:
    assert manage(running, "POST", "/models", url=url, initial_workers=1, synchronous="true") == 200


def polls(running: Running, times: int = 3) -> None:
    """Wait until the server has looked at the registry so many times more, about."""
    time.sleep(times * running.server.context.config.alias_poll_seconds)


def metric(running: Running, name: str) -> float:
    text = requests.get(f"{running.metrics}/metrics", timeout=PATIENCE).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def test_twenty_promotions_leave_two_versions_on_the_disk(registry: Registry, cache: Path) -> None:
    publish(registry)
    with serving(registry, cache) as running:
        publish(registry)
        until(lambda: version(running) == "2")
        until(lambda: kept(cache) == {"1", "2"})
        before = size(cache)
        for number in range(3, 23):
            publish(registry)
            until(lambda number=number: version(running) == str(number))  # type: ignore[misc]
        until(lambda: kept(cache) == {"21", "22"})
        until(lambda: size(cache) <= 1.2 * before)
        assert metric(running, "huggingtweets_cache_removed_total{") == 20
        assert 0 < metric(running, "huggingtweets_cache_bytes") <= size(cache)


def test_a_rollback_needs_no_download(
    registry: Registry, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        publish(registry)
    with serving(registry, cache) as running:
        publish(registry)
        until(lambda: version(running) == "4")
        until(lambda: len(running.server.context.manager.loaded_models.loaded) == 1)
        (tmp_path / "registry/jane/versions/3/model.safetensors").unlink()
        registry.rollback("jane", "production")
        until(lambda: version(running) == "3")


def test_what_the_log_and_the_metrics_say_of_it(
    registry: Registry, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "components.serve.personas")
    publish(registry)
    with serving(registry, cache) as running:
        for number in ("2", "3"):
            publish(registry)
            until(lambda number=number: version(running) == number)  # type: ignore[misc]
        until(lambda: metric(running, 'huggingtweets_cache_removed_total{reason="unused"}'))
    assert "jane@1 left the disk (0.0 MB): nothing leads to it any more" in caplog.text


def test_whoever_opts_out_leaves_the_disk(registry: Registry, cache: Path) -> None:
    publish(registry)
    publish(registry, "candace", alias="candidate")
    with serving(registry, cache) as running:
        publish(registry)
        until(lambda: version(running) == "2")
        until(lambda: kept(cache) == {"1", "2"} and kept(cache, "candace") == {"1"})
        add_opt_out(registry.store.uri, handle="@Gardener")
        until(lambda: not kept(cache) and not kept(cache, "candace"))
        polls(running)
        assert metric(running, 'huggingtweets_cache_removed_total{reason="opted-out"}') == 3
        assert running.ask("jane", prompt="x").status_code == 503


def test_who_opts_out_leaves_memory_before_the_files_go(registry: Registry, cache: Path) -> None:
    engines = FakeEngines()
    publish(registry)
    with serving(registry, cache, engines) as running:
        add_opt_out(registry.store.uri, handle="gardener")
        until(lambda: not kept(cache))
        assert engines.last.closed.is_set()
        assert running.status("/page/personas/jane") != 500


def test_candidates_and_what_a_manager_registered_stay(registry: Registry, cache: Path) -> None:
    for _ in range(3):
        publish(registry)
    publish(registry, alias="candidate")
    with serving(registry, cache, environment=TOKENS) as running:
        register(running, f"{registry.store.uri}/jane/versions/1")
        for number in (5, 6, 7):
            publish(registry)
            until(lambda number=number: version(running) == str(number))  # type: ignore[misc]
        until(lambda: kept(cache) == {"1", "4", "6", "7"})
        polls(running)
        assert kept(cache) == {"1", "4", "6", "7"}
        assert manage(running, "DELETE", "/models/jane/1") == 200
        until(lambda: kept(cache) == {"4", "6", "7"})


def test_a_model_that_left_memory_for_others_stays_on_the_disk(
    registry: Registry, cache: Path
) -> None:
    for name in ("ann", "bob", "jane"):
        publish(registry, name)
    with serving(registry, cache, memory_gb=1.5e-6) as running:
        for name in ("ann", "bob", "jane"):
            assert running.ask(name, prompt="x").status_code == 200
        polls(running)
        assert [kept(cache, name) for name in ("ann", "bob", "jane")] == [{"1"}] * 3


def test_servers_that_share_a_folder_leave_each_other_s_files(
    registry: Registry, cache: Path
) -> None:
    publish(registry)
    publish(registry)
    with (
        serving(registry, cache) as one,
        serving(registry, cache, environment=TOKENS) as other,
    ):
        register(other, f"{registry.store.uri}/jane/versions/1")
        for number in range(3, 6):
            publish(registry)
            for server in (one, other):
                until(
                    lambda server=server, number=number: version(server) == str(number)  # type: ignore[misc]
                )
        until(lambda: kept(cache) == {"1", "4", "5"})
        polls(one)
        assert kept(cache) == {"1", "4", "5"}
        assert other.ask("jane/1", prompt="x").status_code == 200


def test_a_server_of_named_personas_leaves_those_of_others(registry: Registry, cache: Path) -> None:
    publish(registry)
    publish(registry, "ann")
    with serving(registry, cache):
        pass
    with serving(registry, cache, persona=("ann",)) as running:
        polls(running)
        assert kept(cache) == {"1"}
        add_opt_out(registry.store.uri, handle="gardener")
        until(lambda: not kept(cache) and not kept(cache, "ann"))


def test_a_persona_that_is_gone_from_the_registry_leaves_the_disk(
    registry: Registry, cache: Path, tmp_path: Path
) -> None:
    publish(registry)
    publish(registry, "ann")
    with serving(registry, cache):
        (tmp_path / "registry/ann/production.json").unlink()
        until(lambda: not kept(cache, "ann"))
        until(lambda: not list(cache.glob("*/ann")))
        assert kept(cache) == {"1"}


def test_nothing_leaves_while_the_registry_is_away(
    registry: Registry, cache: Path, tmp_path: Path
) -> None:
    publish(registry)
    publish(registry)
    publish(registry)
    with serving(registry, cache):
        pass
    (tmp_path / "registry").rename(tmp_path / "away")
    with serving(registry, cache) as running:
        until(lambda: version(running) == "3")
        polls(running)
        assert "3" in kept(cache)


def test_what_a_killed_fetch_left_goes(registry: Registry, cache: Path) -> None:
    publish(registry)
    with serving(registry, cache):
        pass
    [place] = cache.glob("*/jane")
    for name in (".7.draft", ".8.old", ".9.gone"):
        (place / name).mkdir()
        (place / name / "model.safetensors").write_bytes(b"half of it")
    (place / "notes.txt").write_text("somebody else's")
    with serving(registry, cache):
        until(lambda: {one.name for one in place.iterdir()} >= {"1", "1.json", "notes.txt"})
        until(lambda: not list(place.glob(".[789].*")))
        assert (place / "notes.txt").exists()


def test_archives_that_nobody_uses_go(registry: Registry, cache: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    publish(registry)
    published = tmp_path / "registry/jane/versions/1"
    write_archive(published, store / "one.mar", "other", "1.0", datetime(2026, 1, 1, tzinfo=UTC))
    with serving(
        registry, cache, environment=TOKENS, model_store=store, load_models=("other=one.mar",)
    ) as running:
        assert running.ask("other", prompt="x").status_code == 200
        polls(running)
        assert len(list(cache.glob("*/archives/*/model.safetensors"))) == 1
        until(lambda: manage(running, "DELETE", "/models/other/1.0") == 200)
        until(lambda: not list(cache.glob("*/archives")))


@pytest.fixture
def disk(registry: Registry, cache: Path) -> Disk:
    publish(registry)
    return Disk(cache, registry.store.uri)


def tidier_of(registry: Registry, disk: Disk, opt_outs: OptOuts) -> Tidier:
    return Tidier(disk, opt_outs, StaleVersions(registry, disk), Metrics(), ())


def fetch(registry: Registry, disk: Disk) -> Kept:
    return disk.files(registry, "jane", 1, None)[0]


def test_what_somebody_uses_is_not_removed(registry: Registry, disk: Disk) -> None:
    with fetch(registry, disk), fetch(registry, disk) as both:
        assert disk.remove("jane", 1) is None
        assert (both.folder / "model.safetensors").is_file()
    assert disk.remove("jane", 1)
    assert not both.folder.exists()
    assert disk.versions() == []
    with fetch(registry, disk) as again:
        assert (again.folder / "model.safetensors").is_file()


def test_what_is_removed_while_it_is_fetched_is_fetched_whole(
    registry: Registry, disk: Disk
) -> None:
    source, fetched = RegistrySource(registry, "jane", 1), threading.Event()

    def remove() -> None:
        while not fetched.is_set():
            disk.remove("jane", 1)

    with ThreadPoolExecutor() as pool:
        removing = pool.submit(remove)
        try:
            for _ in range(50):
                with source.fetch(disk) as found:
                    assert (found.folder / "model.safetensors").is_file()
                    assert disk.kept_manifest("jane", 1) == found.manifest
        finally:
            fetched.set()
        removing.result()


def test_the_manifest_on_the_disk_is_the_one_that_is_there_now(
    registry: Registry, disk: Disk
) -> None:
    manifest = disk.manifest(registry, "jane", 1, None)
    (file,) = disk.root.glob("jane/1.json")
    assert disk.kept_manifest("jane", 1) == disk.kept_manifest("jane", 1) == manifest
    other = manifest.model_copy(update={"version": 2})
    with whole_file(file) as draft:
        other.write(draft)
    assert disk.kept_manifest("jane", 1) == other
    file.write_text("{")
    assert disk.kept_manifest("jane", 1) is None
    file.unlink()
    assert disk.kept_manifest("jane", 1) is None


def test_without_a_list_of_opt_outs_nothing_is_removed(registry: Registry, disk: Disk) -> None:
    fetch(registry, disk).close()
    tidier_of(registry, disk, OptOuts(registry, disk)).tidy(set())
    assert disk.versions() == [("jane", 1)]


def test_a_disk_that_refuses_is_said(
    registry: Registry,
    disk: Disk,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: Disk, *named: Any) -> int:
        raise PermissionError(13, "Permission denied")

    fetch(registry, disk).close()
    opt_outs = OptOuts(registry, disk)
    opt_outs.refresh()
    monkeypatch.setattr(Disk, "remove", refuse)
    tidier_of(registry, disk, opt_outs).tidy(set())
    assert "Permission denied" in caplog.text
