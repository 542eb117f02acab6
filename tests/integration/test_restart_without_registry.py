"""A server that dies and comes again while the registry is away, with requests all the time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from support.faulty_proxy import silent
from support.processes import free_ports
from support.server_processes import forked_server
from support.stores import StoreServer
from support.tiny_models import make_tiny_model
from support.tiny_versions import publish_tiny

from components.registry import Registry

pytestmark = pytest.mark.stores

ASKERS = 4
LONGEST_START = 30.0
"""Seconds on a busy machine; a call to a store that is away takes longer until it gives up."""


@contextmanager
def asked(address: str) -> Iterator[list[tuple[int, str]]]:
    """What several clients are answered meanwhile: status, and who answered."""
    answers: list[tuple[int, str]] = []
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.1):
            try:
                answer = requests.post(
                    f"{address}/predictions/jane", json={"prompt": "", "max_tokens": 4}, timeout=60
                )
                answers.append((answer.status_code, answer.headers.get("x-model-version", "")))
            except requests.ConnectionError:  # as a Service that has no pod
                answers.append((0, ""))

    threads = [threading.Thread(target=ask) for _ in range(ASKERS)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_restart_under_load_needs_no_registry(
    tmp_path: Path,
    store_servers: Callable[[str], StoreServer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = store_servers("s3")
    for variable, value in store.environment().items():
        monkeypatch.setenv(variable, value)
    uri = f"{store.uri}/restart"
    registry = Registry.open(uri)
    publish_tiny(registry, "jane", make_tiny_model(tmp_path / "model"))
    registry.move_alias("jane", "production", 1)
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    line = ("--inference-address", address)
    with asked(address) as answers:
        with forked_server(uri, tmp_path, "jane", *line):
            first = len(answers)
            time.sleep(1)
        assert (200, "1") in answers[first:]
        begun, second = time.monotonic(), len(answers)
        with (
            silent() as endpoint,
            forked_server(
                uri, tmp_path, "jane", *line, variables=store.environment(endpoint)
            ) as server,
        ):
            assert time.monotonic() - begun < LONGEST_START
            assert requests.get(f"{address}/readyz", timeout=5).status_code == 200
            ready = len(answers)
            time.sleep(1)
            assert server.said("the registry does not answer") is not None
            after = answers[ready + ASKERS :]
    assert {status for status, _ in answers[second:]} <= {0, 200, 503}
    assert after
    assert set(after) == {(200, "1")}
