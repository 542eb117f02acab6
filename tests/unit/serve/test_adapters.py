"""Personas that are adapters: one base model for all, each brought in when it is asked for."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from support.adapters import make_adapter
from support.fake_engine import ADAPTER_MEMORY, FakeEngine, FakeEngines
from support.servers import (
    LINEAGE,
    Running,
    publish,
    publish_adapter,
    publish_base,
    serving,
    until,
)
from support.tiny_models import make_tiny_model

from components.contracts.reports import BaseModelFacts
from components.registry import Registry
from components.registry.opt_outs import add_opt_out
from components.runtime.digests import folder_sha256
from components.serve.personas.loader import make_engine

TOKEN = {"HUGGINGTWEETS_MANAGEMENT_TOKEN": "manage-me"}
ROOM_FOR_TWO = 2 * ADAPTER_MEMORY + 1


@pytest.fixture
def base(registry: Registry, tmp_path: Path) -> BaseModelFacts:
    return publish_base(registry, tmp_path / "base")


@pytest.fixture
def add(registry: Registry, base: BaseModelFacts) -> Callable[..., int]:
    """Publishes an adapter and points an alias to it."""
    return partial(publish_adapter, registry, base)


@pytest.fixture
def engines() -> FakeEngines:
    return FakeEngines()


@pytest.fixture
def serve(registry: Registry, tmp_path: Path, engines: FakeEngines) -> Callable[..., Any]:
    def serve(**config: Any) -> Any:
        return serving(registry, tmp_path / "cache", engines, TOKEN, **config)

    return serve


def adapted(engines: FakeEngines) -> list[FakeEngine]:
    """The adapters that are in memory."""
    return [one for base in engines.made for one in base.adapted if not one.closed.is_set()]


def loaded(running: Running) -> dict[str, float]:
    """The memory of each model, as Prometheus reads it."""
    text = requests.get(f"{running.metrics}/metrics", timeout=9).text
    lines = [line for line in text.splitlines() if "model_memory_bytes{" in line]
    return {line.split('"')[1]: float(line.split()[-1]) for line in lines}


def test_one_base_model_answers_for_all_its_adapters(
    add: Callable[..., int], serve: Callable[..., Any], engines: FakeEngines
) -> None:
    for name in ("ann", "bob", "cleo"):
        add(name)
    with serve() as running:
        for name in ("ann", "bob", "cleo"):
            answer = running.ask(name, prompt="x").json()
            assert (answer["model"], answer["model_version"]) == (name, "1")
        assert len(engines.made) == 1
        assert len(adapted(engines)) == 3
    assert not engines.open
    assert not adapted(engines)


def test_the_least_recently_used_adapter_leaves_for_another(
    add: Callable[..., int], serve: Callable[..., Any], engines: FakeEngines
) -> None:
    for name in ("ann", "bob", "cleo"):
        add(name)
    with serve(adapter_memory=ROOM_FOR_TWO) as running:
        assert running.status("/readyz") == 200
        assert len(adapted(engines)) == 2, "what nobody asked for takes nobody's place"
        for name in ("ann", "bob", "ann", "cleo"):
            assert running.ask(name, prompt="x").status_code == 200
        assert sorted(one.folder.parent.name for one in adapted(engines)) == ["ann", "cleo"]
        assert set(loaded(running)) == {"ann", "cleo"}
        assert len(engines.made) == 1, "the base model stays"


def test_an_adapter_that_is_writing_stays_until_it_is_done(
    add: Callable[..., int], serve: Callable[..., Any], engines: FakeEngines
) -> None:
    for name in ("ann", "bob"):
        add(name)
    with serve(adapter_memory=ADAPTER_MEMORY) as running, ThreadPoolExecutor() as pool:
        running.ask("ann", prompt="x")
        [ann] = adapted(engines)
        ann.gate.clear()
        first = pool.submit(running.ask, "ann", prompt="x")
        until(lambda: ann.running)
        second = pool.submit(running.ask, "bob", prompt="x")
        assert not ann.closed.wait(0.3)
        ann.gate.set()
        assert (first.result().status_code, second.result().status_code) == (200, 200)


def test_many_ask_for_more_adapters_than_fit(
    add: Callable[..., int], serve: Callable[..., Any], engines: FakeEngines
) -> None:
    names = [f"persona{number}" for number in range(40)]
    for name in names:
        add(name)
    most, lock = 0, threading.Lock()
    with serve(adapter_memory=5 * ADAPTER_MEMORY) as running, ThreadPoolExecutor(8) as pool:

        def ask(number: int) -> int:
            nonlocal most
            status = running.ask(names[number * 7 % 40], prompt="x").status_code
            with lock:
                most = max(most, len(adapted(engines)))
            return status

        assert set(pool.map(ask, range(160))) == {200}
        assert most <= 5
        assert len(engines.made) == 1


def test_one_that_is_larger_than_all_the_memory_for_adapters_is_a_507(
    add: Callable[..., int], serve: Callable[..., Any]
) -> None:
    add("ann")
    with serve(adapter_memory=ADAPTER_MEMORY - 1) as running:
        answer = running.ask("ann", prompt="x")
        assert answer.status_code == 507
        assert "for adapters" in answer.json()["message"]


def test_a_base_model_leaves_for_a_whole_model_and_comes_back(
    add: Callable[..., int], registry: Registry, serve: Callable[..., Any], engines: FakeEngines
) -> None:
    add("ann")
    publish(registry, "jane")
    with serve(memory_gb=2000e-9, adapter_memory=ROOM_FOR_TWO) as running:
        for name in ("ann", "jane", "ann", "jane"):
            assert running.ask(name, prompt="x").status_code == 200
        assert [engine.folder.name for engine in engines.open] == ["1"]


def test_versions_that_need_another_dtype_have_a_base_model_of_their_own(
    add: Callable[..., int], serve: Callable[..., Any], engines: FakeEngines
) -> None:
    add("ann", formats={"fp32": 1.0, "int8": 1.001})
    add("bob", formats={"fp32": 1.0, "int8": 1.2})
    add("cleo", formats={"fp32": 1.1, "int8": 1.102})
    with serve() as running:
        for name in ("ann", "bob", "cleo"):
            assert running.ask(name, prompt="x").status_code == 200
        told = [set(engine.settings.bits_per_byte or ()) for engine in engines.made]
        assert told == [{"fp32", "int8"}] * 2


def test_production_moves_and_rolls_back(
    add: Callable[..., int], registry: Registry, serve: Callable[..., Any], engines: FakeEngines
) -> None:
    add("ann")
    with serve() as running:
        add("ann", alias="candidate")
        until(lambda: running.ask("ann/2", prompt="x").status_code == 200)
        registry.move_alias("ann", "production", 2)
        until(lambda: running.ask("ann", prompt="x").json()["model_version"] == "2")
        registry.rollback("ann", "production")
        until(lambda: running.ask("ann", prompt="x").json()["model_version"] == "1")
        assert len(engines.made) == 1


def test_who_opts_out_is_no_longer_served(
    add: Callable[..., int], registry: Registry, serve: Callable[..., Any]
) -> None:
    add("ann")
    with serve() as running:
        assert running.ask("ann", prompt="x").status_code == 200
        add_opt_out(registry.store.uri, handle="gardener")
        until(lambda: running.ask("ann", prompt="x").status_code == 503)


def test_a_missing_base_model_is_said(
    add: Callable[..., int], base: BaseModelFacts, registry: Registry, serve: Callable[..., Any]
) -> None:
    add("ann")
    registry.store.delete(f"bases/{base.sha256}/manifest.json")
    with serve() as running:
        answer = running.ask("ann", prompt="x")
        assert answer.status_code == 503
        assert f"the base model {base.sha256} is not in" in answer.json()["message"]


def test_a_changed_base_model_is_not_loaded(
    add: Callable[..., int], base: BaseModelFacts, registry: Registry, serve: Callable[..., Any],
    tmp_path: Path,
) -> None:  # fmt: skip
    add("ann")
    path = tmp_path / "registry" / "bases" / base.sha256 / "config.json"
    path.write_text("[]")
    with serve() as running:
        answer = running.ask("ann", prompt="x")
        assert answer.status_code == 503
        assert "config.json" in answer.json()["message"]


def test_a_server_starts_with_what_it_kept_while_the_registry_is_away(
    add: Callable[..., int], serve: Callable[..., Any], tmp_path: Path
) -> None:
    add("ann")
    with serve():
        pass
    (tmp_path / "registry").rename(tmp_path / "away")
    with serve() as running:
        assert running.ask("ann", prompt="x").status_code == 200


# vLLM's names


def test_the_list_of_models_names_parent_and_root(
    add: Callable[..., int], registry: Registry, serve: Callable[..., Any]
) -> None:
    add("ann")
    publish(registry, "jane")
    with serve() as running:
        cards = requests.get(f"{running.inference}/v1/models", timeout=9).json()["data"]
        told = {card["id"]: (card["parent"], card["root"]) for card in cards}
        assert told["ann"] == told["ann@1"] == ("made-up/base", "ann/versions/1")
        assert told["jane"] == (None, "jane/versions/1")
        asked = {"model": "ann", "prompt": "x"}
        assert requests.post(f"{running.inference}/v1/completions", json=asked, timeout=9).ok


class Manager:
    """Loads and unloads as vLLM's clients do."""

    def __init__(self, running: Running, registry: Registry) -> None:
        self.running, self.uri = running, registry.store.uri

    def __call__(self, path: str, token: str | None = "manage-me", **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = f"{self.running.management}/v1/{path}"
        return requests.post(address, json=body, headers=headers, timeout=9)

    def load(self, name: str, place: str, **more: Any) -> Any:
        return self("load_lora_adapter", lora_name=name, lora_path=place, **more)


@pytest.fixture
def manager(
    add: Callable[..., int], registry: Registry, serve: Callable[..., Any]
) -> Iterator[Manager]:
    """A server of ann@1, beside a version 2 of ann that no alias points to, and jane's model."""
    add("ann")
    add("ann", alias=None)
    publish(registry, "jane", alias=None)
    with serve() as running:
        yield Manager(running, registry)


def test_an_adapter_of_the_registry_is_loaded_and_unloaded(manager: Manager) -> None:
    answer = manager.load("nell", f"{manager.uri}/ann/versions/2")
    assert answer.status_code == 200
    assert answer.text == "Success: LoRA adapter 'nell' added successfully."
    assert manager.running.ask("nell", prompt="x").json()["model_version"] == "2"
    again = manager.load("nell", "ann/versions/2")
    assert again.status_code == 400
    assert again.json()["error"]["message"].endswith("has already been loaded.")
    assert manager.load("nell", "ann/versions/2", load_inplace=True).status_code == 200
    gone = manager("unload_lora_adapter", lora_name="nell")
    assert gone.text == "Success: LoRA adapter 'nell' removed successfully."
    assert manager.running.ask("nell", prompt="x").status_code == 404
    assert manager("unload_lora_adapter", lora_name="nell").status_code == 404


@pytest.mark.parametrize(
    "place",
    [
        "/etc", "../ann/versions/1", "https://example.org/ann/versions/1", "ann", "",
        "file:///tmp/ann/versions/1", "gs://bucket/ann/versions/1", "ann/versions/0",
        "ann/versions/1/../2", "x/../ann/versions/1", "{}/../registry/ann/versions/1",
    ],
)  # fmt: skip
def test_nothing_but_this_registrys_versions_is_loaded(manager: Manager, place: str) -> None:
    answer = manager.load("nell", place.format(manager.uri))
    assert answer.status_code == (403 if place else 400)
    assert manager.running.ask("nell", prompt="x").status_code == 404


def test_a_version_that_is_not_there_and_a_whole_model_are_refused(manager: Manager) -> None:
    assert manager.load("nell", "ann/versions/9").status_code == 404
    whole = manager.load("nell", "jane/versions/1")
    assert whole.status_code == 400
    assert "is a whole model" in whole.json()["error"]["message"]
    assert manager.load("no/name", "ann/versions/2").status_code == 400
    assert manager.load("ann", f"{manager.uri}/ann/versions/1").status_code == 400


def test_only_the_managements_port_and_token_load(manager: Manager) -> None:
    body = {"lora_name": "nell", "lora_path": "ann/versions/2"}
    assert manager("load_lora_adapter", None, **body).status_code == 401
    assert manager("load_lora_adapter", "other", **body).status_code == 401
    assert manager("unload_lora_adapter", None, lora_name="ann").status_code == 401
    for path in ("load_lora_adapter", "unload_lora_adapter"):
        address = f"{manager.running.inference}/v1/{path}"
        answer = requests.post(
            address, json=body, headers={"Authorization": "Bearer manage-me"}, timeout=9
        )
        assert answer.status_code in (404, 405)
    assert manager.running.ask("ann", prompt="x").status_code == 200


def test_an_unknown_field_is_refused(manager: Manager) -> None:
    answer = manager.load("nell", "ann/versions/2", base_model_name="x")
    assert answer.status_code == 400
    assert "base_model_name is not known here" in answer.json()["error"]["message"]


# With the real engine


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_real_adapters_write_as_they_do_alone_in_any_company(
    registry: Registry, tmp_path: Path, family: Any
) -> None:
    base = make_tiny_model(tmp_path / "tiny", family)
    facts = BaseModelFacts(id="made-up/tiny", revision=None, sha256=folder_sha256(base))
    registry.publish_base(base, facts)
    names = [f"persona{number}" for number in range(6)]
    for seed, name in enumerate(names):
        adapter = make_adapter(base, tmp_path / name, seed)

        def write(version: int, folder: Path, adapter: Path = adapter) -> None:
            for path in adapter.iterdir():
                (folder / path.name).write_bytes(path.read_bytes())

        registry.publish(name, write, LINEAGE, base_model=facts)
        registry.move_alias(name, "production", 1)
    options = {"make": make_engine, "dtype": "fp32", "slots": None}
    with serving(registry, tmp_path / "cache", **options) as running, ThreadPoolExecutor(6) as pool:  # type: ignore[arg-type]

        def ask(name: str) -> Any:
            body = {"prompt": "the", "n": 3, "seed": 5, "max_tokens": 8}
            answer = running.ask(name, **body)
            assert answer.status_code == 200, answer.text
            return answer.json()["generations"]

        alone = [ask(name) for name in names]
        assert list(pool.map(ask, names)) == alone
        assert len({str(texts) for texts in alone}) == len(names)
