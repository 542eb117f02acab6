"""Loading, unloading and writing all at once, with real models, for as long as one likes.

`HUGGINGTWEETS_STRESS_SECONDS=120 python -m pytest tests/stress` goes on for two minutes.
"""

import itertools
import logging
import os
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import torch
from safetensors.torch import load_file, save_file
from support.servers import Running, serving, until
from support.tiny_models import make_tiny_model

from components.registry import Registry
from components.serve.personas.loader import make_engine
from components.serve.personas.model import Model
from components.text.spans import SpanFilter

SECONDS = float(os.environ.get("HUGGINGTWEETS_STRESS_SECONDS", "5"))
PATIENCE = 60
PERSONAS = ("ann", "ben", "cem")
MEMORY_GB = 0.003
"""Room for two of these models."""
FINE = {200, 404, 429, 503}
"""A model may be gone, on its way, or without a worker: then the server says so."""
MANAGER = {"Authorization": "Bearer manage-me"}
EXPECTED_LOG = ("cannot load", "does not fit")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("weights")
    return [make_tiny_model(place / family, family) for family in ("gpt2", "llama")]  # type: ignore[arg-type]


class Publisher:
    """Publishes versions, each with weights of its own, and moves the aliases to them."""

    def __init__(self, registry: Registry, weights: list[Path]) -> None:
        self._registry, self._weights = registry, weights
        self._count = itertools.count()

    def publish(self, persona: str) -> None:
        number = next(self._count)
        source = self._weights[number % len(self._weights)]

        def write(version: int, folder: Path) -> None:
            shutil.copytree(source, folder, dirs_exist_ok=True)
            tensors = load_file(folder / "model.safetensors")
            torch.manual_seed(number)
            changed = {
                name: value + 0.3 * torch.randn_like(value) if value.ndim == 2 else value
                for name, value in tensors.items()
            }
            save_file(changed, folder / "model.safetensors", {"format": "pt"})
            SpanFilter.of([], bytes(16)).write(folder / "spans.bloom")

        manifest = self._registry.publish(persona, write, {"consent": {persona: "fictional"}})
        self._registry.move_alias(persona, "candidate", manifest.version)
        self._registry.move_alias(persona, "production", manifest.version)


class Clients:
    """What the threads do, and what they saw."""

    def __init__(self, running: Running, publisher: Publisher) -> None:
        self._running, self._publisher = running, publisher
        self._written: dict[tuple[str, ...], list[str]] = {}
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []

    def ask(self, chance: random.Random) -> None:
        name, seed = chance.choice((*PERSONAS, "extra")), chance.randrange(3)
        body = {"prompt": "the kettle", "n": 3, "max_tokens": 12, "seed": seed, "ignore_eos": True}
        answer = requests.post(
            f"{self._running.inference}/predictions/{name}", json=body, timeout=PATIENCE
        )
        self._saw(answer)
        if answer.status_code == 200:
            told = answer.json()
            texts = [one["text"] for one in told["generations"]]
            key = (told["model"], told["model_version"], str(seed))
            if self._written.setdefault(key, texts) != texts:
                self.wrong.append(f"{key}: {self._written[key]} and then {texts}")

    def ask_and_hang_up(self, chance: random.Random) -> None:
        body = {"model": chance.choice(PERSONAS), "prompt": "rain", "n": 4, "stream": True}
        with requests.post(
            f"{self._running.inference}/v1/completions", json=body, stream=True, timeout=PATIENCE
        ) as answer:
            self._saw(answer)
            for _ in itertools.islice(answer.iter_lines(), chance.randrange(4)):
                pass

    def infer(self, chance: random.Random) -> None:
        body = {"text_input": "soup on", "parameters": {"max_tokens": 5}}
        name = chance.choice(PERSONAS)
        self._saw(
            requests.post(
                f"{self._running.inference}/v2/models/{name}/generate", json=body, timeout=PATIENCE
            )
        )

    def manage(self, chance: random.Random) -> None:
        name = chance.choice(PERSONAS)
        registered = {
            "url": f"{self._running.server.context.config.registry}/{PERSONAS[0]}/versions/1",
            "model_name": "extra", "initial_workers": 1, "synchronous": "true",
        }  # fmt: skip
        for method, path, query in (
            ("POST", "/models", registered),
            ("GET", "/models/extra/all", {}),
            ("PUT", f"/models/{name}", {"min_worker": 0, "synchronous": chance.random() < 0.5}),
            ("PUT", f"/models/{name}", {"min_worker": 1}),
            ("DELETE", "/models/extra/1", {}),
        ):  # fmt: skip
            answer = requests.request(
                method, f"{self._running.management}{path}", params=query, headers=MANAGER,
                timeout=PATIENCE,
            )  # fmt: skip
            if answer.status_code >= 500 and answer.status_code not in FINE:
                self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text}")

    def publish(self, chance: random.Random) -> None:
        self._publisher.publish(chance.choice(PERSONAS))
        time.sleep(0.3)

    def _saw(self, answer: requests.Response) -> None:
        self.statuses[answer.status_code] += 1
        if answer.status_code not in FINE:
            self.wrong.append(f"{answer.url}: {answer.status_code} {answer.text}")


def until_time_is_up(work: Callable[[random.Random], None], seed: int, clients: Clients) -> None:
    chance, end = random.Random(seed), time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            work(chance)
    except Exception as error:
        clients.wrong.append(repr(error))


@pytest.fixture
def running(tmp_path: Path, weights: list[Path]) -> Iterator[tuple[Running, Publisher]]:
    (tmp_path / "registry").mkdir()
    registry = Registry.open(str(tmp_path / "registry"))
    publisher = Publisher(registry, weights)
    for persona in PERSONAS:
        publisher.publish(persona)
    with serving(
        registry, tmp_path / "cache", make_engine, {"HUGGINGTWEETS_MANAGEMENT_TOKEN": "manage-me"},
        memory_gb=MEMORY_GB, cache_mb=1, slots=6, dtype="fp32", alias_poll_seconds=0.2,
        job_queue_size=20,
    ) as server:  # fmt: skip
        yield server, publisher


def test_loading_unloading_and_writing_at_once(
    running: tuple[Running, Publisher], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "components.serve")
    clients = Clients(*running)
    work: list[Callable[[random.Random], Any]] = [
        *[clients.ask] * 3, *[clients.ask_and_hang_up] * 2, clients.infer, clients.manage,
        clients.publish,
    ]  # fmt: skip
    threads = [
        threading.Thread(target=until_time_is_up, args=(one, seed, clients))
        for seed, one in enumerate(work)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 2 * PATIENCE)
        assert not thread.is_alive(), "a client waits for ever"
    assert clients.wrong == []
    assert clients.statuses[200] > len(work)
    said = [record for record in caplog.records if record.levelno >= logging.ERROR]
    unexpected = [one for one in said if not one.getMessage().startswith(EXPECTED_LOG)]
    assert [one.getMessage() for one in unexpected] == []
    counted = Counter(record.getMessage().partition(" ")[0] for record in caplog.records)
    assert counted["loaded"] > 2
    assert counted["unloaded"] > 2
    assert_calm(running[0])


def assert_calm(running: Running) -> None:
    """Nothing is held, waits or runs when nobody asks."""

    def busy() -> list[Model]:
        return [
            model
            for model in running.server.context.manager.loaded_models.loaded
            if model.in_use or model.waiting or (model.loaded and model.loaded.engine.load.running)
        ]

    until(lambda: not busy(), "calm")
