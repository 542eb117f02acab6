"""Servers, registry and deploy together: versions come and go under load, and nobody notices.

HUGGINGTWEETS_TEST_PROMOTIONS=20 HUGGINGTWEETS_TEST_REQUESTS=10000 is the long run.
"""

import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from support.kubernetes_api import kubernetes_api
from support.server_processes import ServerProcess, forked_server
from support.servers import until
from support.tiny_models import make_tiny_model
from support.tiny_versions import publish_tiny

from components.deploy.config import DeployConfig
from components.deploy.stage import run
from components.registry import Registry

PROMOTIONS = int(os.environ.get("HUGGINGTWEETS_TEST_PROMOTIONS", "2"))
REQUESTS = int(os.environ.get("HUGGINGTWEETS_TEST_REQUESTS", "300"))
POLL_SECONDS = 0.5
BUSY_SECONDS = 0.5
"""What a busy machine may take to do what it is to do now."""
ASKERS = 6
VERSIONS = (1, 2, 3)


@dataclass(frozen=True)
class Asked:
    """One request: from when to when, and what answered."""

    begun: float
    ended: float
    status: int
    version: str


@dataclass
class Load:
    """Requests from several threads, all the time."""

    addresses: list[str]
    asked: list[Asked] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def ask(self, turn: int) -> None:
        with requests.Session() as session:
            for number in itertools.count(turn):
                if self.stop.is_set():
                    return
                url = f"{self.addresses[number % len(self.addresses)]}/predictions/jane"
                begun = time.time()
                answer = session.post(url, json={"prompt": "", "max_tokens": 4}, timeout=60)
                version = answer.headers.get("x-model-version", "")
                self.asked.append(Asked(begun, time.time(), answer.status_code, version))


@contextmanager
def under_load(addresses: list[str]) -> Iterator[Load]:
    load = Load(addresses)
    threads = [threading.Thread(target=load.ask, args=(turn,)) for turn in range(ASKERS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Three versions of jane, the first one in production."""
    model = make_tiny_model(tmp_path / "tiny")
    registry = Registry.open(str(tmp_path / "registry"))

    for _ in VERSIONS:
        publish_tiny(registry, "jane", model)
    registry.move_alias("jane", "production", 1)
    return registry


@pytest.fixture
def servers(registry: Registry, tmp_path: Path) -> Iterator[list[ServerProcess]]:
    words = ("--alias-poll-seconds", str(POLL_SECONDS), "--dtype", "fp32")
    with ExitStack() as stack:
        yield [
            stack.enter_context(forked_server(registry.store.uri, tmp_path, name, *words))
            for name in ("pod-a", "pod-b")
        ]


def reigns(registry: Registry) -> list[tuple[str, float, float]]:
    """Each version that was in production, from when to when."""
    alias = registry.alias("jane", "production")
    assert alias
    begins = [move.moved_at.timestamp() for move in alias.history]
    ends = [*begins[1:], float("inf")]
    return [
        (str(move.version), *span)
        for move, span in zip(alias.history, zip(begins, ends, strict=True), strict=True)
    ]


def was_in_production(one: Asked, reigns: list[tuple[str, float, float]], grace: float) -> bool:
    return any(
        version == one.version and begun <= one.ended and ended >= one.begun - grace
        for version, begun, ended in reigns
    )


def test_promotions_and_rollbacks_under_load(
    registry: Registry, servers: list[ServerProcess], tmp_path: Path
) -> None:
    addresses = [server.inference for server in servers]
    with kubernetes_api() as api, under_load(addresses) as load:
        for number, address in enumerate(addresses):
            api.state.add_pod(f"pod-{number}", address)
        environment = {"KUBECONFIG": api.kubeconfig(tmp_path)}
        for turn in range(PROMOTIONS):
            run(
                DeployConfig(serving_timeout=60.0),
                registry=registry.store.uri,
                name="jane",
                version=str(VERSIONS[1 + turn % 2]),
                environment=environment,
            )
            registry.rollback("jane", "production")
            until(lambda: {one.version for one in load.asked[-4 * ASKERS :]} == {"1"}, "going back")
        while len(load.asked) < REQUESTS:
            time.sleep(0.1)
    assert {one.status for one in load.asked} == {200}
    grace = POLL_SECONDS + max(server.load_seconds for server in servers) + BUSY_SECONDS
    strangers = [one for one in load.asked if not was_in_production(one, reigns(registry), grace)]
    assert not strangers, f"{len(strangers)} of {len(load.asked)}, the first: {strangers[0]}"
    assert {one.version for one in load.asked} == {str(v) for v in VERSIONS[: 1 + PROMOTIONS]}


def test_an_answer_by_a_version_of_another_time_would_be_seen() -> None:
    line = [("1", 0.0, 10.0), ("2", 10.0, 20.0), ("1", 20.0, float("inf"))]
    assert was_in_production(Asked(9.0, 9.5, 200, "1"), line, 1.0)
    assert was_in_production(Asked(10.9, 11.0, 200, "1"), line, 1.0)
    assert not was_in_production(Asked(11.1, 11.2, 200, "1"), line, 1.0)
    assert not was_in_production(Asked(9.0, 9.5, 200, "2"), line, 1.0)
    assert was_in_production(Asked(9.0, 10.1, 200, "2"), line, 1.0)
    assert not was_in_production(Asked(21.5, 22.0, 200, "2"), line, 1.0)
