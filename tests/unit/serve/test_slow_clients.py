"""Clients that read or send slowly hold no slot and nobody else up."""

import errno
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from support.fake_engine import FakeEngine, FakeEngines
from support.server_processes import ServerProcess, forked_server
from support.servers import PATIENCE, publish, serving, until
from support.slow_clients import WINDOW, head, slow_readers, trickling_senders
from support.tiny_models import make_tiny_model
from support.tiny_versions import publish_tiny

from components.registry import Registry
from components.serve.web.bodies import MOST_COMING
from components.serve.web.connections import MOST_UNREAD_IN_ALL

MANY = 200
STATES = ("waiting", "running")
BODY_TIMEOUT = 8.0
POST: dict[str, Any] = {"max_tokens": 40, "ignore_eos": True}
STREAMS: list[tuple[str, dict[str, Any]]] = [
    ("/predictions/jane", {"prompt": "the", "stream": True, **POST}),
    ("/v2/models/jane/generate_stream", {"text_input": "the", "parameters": POST}),
    ("/v1/completions", {"model": "jane", "prompt": "the", "stream": True, **POST}),
]
WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("/predictions/jane", {"prompt": "the", **POST}),
    ("/v2/models/jane/generate", {"text_input": "the", "parameters": POST}),
    ("/v1/completions", {"model": "jane", "prompt": "the", **POST}),
]
LINE = " " + "x" * 60_000
"""A token as long as no token is, so that an answer is more than what lies between two sockets."""


def metric(metrics: str, name: str) -> float:
    """The sum of a metric over all models; 0 before anybody asked."""
    text = requests.get(f"{metrics}/metrics", timeout=PATIENCE).text
    found = [line for line in text.splitlines() if line.startswith(name)]
    return sum(float(line.split()[-1]) for line in found)


def held(metrics: str) -> float:
    """Requests that wait for a slot or have one."""
    return sum(metric(metrics, f"huggingtweets_requests_{state}") for state in STATES)


def ask(inference: str) -> float:
    """Seconds that another client waits for a short answer."""
    begun = time.monotonic()
    body = {"prompt": "the", "max_tokens": 4}
    answer = requests.post(f"{inference}/predictions/jane", json=body, timeout=PATIENCE)
    assert answer.status_code == 200
    return time.monotonic() - begun


def was_cut_off(client: socket.socket) -> bool:
    """Whether the server has ended a client's connection; reads all that came of the answer."""
    try:
        while client.recv(1 << 20):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def sent(address: str, path: str, body: dict[str, Any]) -> socket.socket:
    """A client that has asked, and reads whenever the test does."""
    host, port = address.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)), timeout=PATIENCE)
    data = json.dumps(body).encode()
    client.sendall(head(path, len(data)) + data)
    return client


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    place = tmp_path_factory.mktemp("slow")
    registry = Registry.open(str(place / "registry"))
    publish_tiny(registry, "jane", make_tiny_model(place / "tiny"))
    registry.move_alias("jane", "production", 1)
    words = ("--dtype", "fp32", "--job-queue-size", "400", "--body-timeout", str(BODY_TIMEOUT))
    with forked_server(registry.store.uri, place, "server", *words) as process:
        yield process


def test_many_slow_clients_hold_no_slot_and_nobody_up(server: ServerProcess) -> None:
    metrics = server.said("metrics at ")
    assert metrics
    asked = STREAMS + WHOLE
    with ExitStack() as stack:
        for path, body in asked:
            count = MANY // len(asked) + 1
            stack.enter_context(slow_readers(server.inference, path, body, count))
            stack.enter_context(trickling_senders(server.inference, path, count))
        written = len(asked) * (MANY // len(asked) + 1)
        until(lambda: metric(metrics, "ts_inference_requests_total") >= written, "the writing")
        assert held(metrics) == 0
        assert max(ask(server.inference) for _ in range(5)) < 2


@pytest.mark.parametrize("last", ["keep-alive", "close"])
def test_any_answer_that_is_not_read_is_dropped(server: ServerProcess, last: str) -> None:
    """However many requests a client sends at once, and whether or not it wants to go on."""
    host, port = server.inference.removeprefix("http://").split(":")
    one = "GET /api-description HTTP/1.1\r\nHost: x\r\nConnection: {}\r\n\r\n"
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        client.connect((host, int(port)))
        client.sendall((one.format("keep-alive") * 30 + one.format(last)).encode())
        begun = time.monotonic()
        until(lambda: _was_reset(client), "the end of the connection")
        assert BODY_TIMEOUT - 1 < time.monotonic() - begun < BODY_TIMEOUT + 4


def _was_reset(client: socket.socket) -> bool:
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


@pytest.fixture
def engines() -> FakeEngines:
    engines = FakeEngines()

    def prepare(engine: FakeEngine) -> None:
        engine.write = lambda prompt, index, seed: [LINE if prompt == "long" else " x"] * 250

    engines.prepare = prepare
    return engines


LONG: list[tuple[str, dict[str, Any]]] = [
    ("/predictions/jane", {"prompt": "long", "max_tokens": 100, "stream": True}),
    (
        "/v2/models/jane/generate_stream",
        {"text_input": "long", "parameters": {"max_tokens": 100}},
    ),
    (
        "/v1/completions",
        {"model": "jane", "prompt": "long", "max_tokens": 100, "stream": True},
    ),
    ("/v1/completions", {"model": "jane", "prompt": "long", "max_tokens": 100}),
]


@pytest.mark.parametrize("number", range(len(LONG)))
def test_a_long_answer_is_written_to_its_end_for_a_slow_reader(
    registry: Registry, tmp_path: Path, engines: FakeEngines, number: int
) -> None:
    publish(registry)
    path, body = LONG[number]
    with (
        serving(registry, tmp_path / "cache", engines) as running,
        slow_readers(running.inference, path, body, 2),
        sent(running.inference, path, body) as late,
    ):
        until(lambda: engines.last.drawn >= 3 * 100, "the writing")
        until(lambda: held(running.metrics) == 0, "letting go of the model")
        answer = b""
        while not answer.endswith((b"0\r\n\r\n", b"}}")):
            answer += late.recv(1 << 20)
        assert answer.count(b"x" * 60_000) >= 95  # the rest is split by the chunks


def test_a_reader_that_is_late_is_cut_off(
    registry: Registry, tmp_path: Path, engines: FakeEngines
) -> None:
    publish(registry)
    body = {"prompt": "long", "max_tokens": 10, "stream": True}
    with (
        serving(registry, tmp_path / "cache", engines, body_timeout=1.0) as running,
        slow_readers(running.inference, "/predictions/jane", body, 1) as (reader,),
    ):
        until(lambda: engines.last.drawn >= 10, "the writing")
        time.sleep(3)
        assert was_cut_off(reader)


def test_who_reads_all_the_time_is_not_cut_off(
    registry: Registry, tmp_path: Path, engines: FakeEngines
) -> None:
    publish(registry)
    with serving(registry, tmp_path / "cache", engines, body_timeout=2.0) as running:
        engines.last.delay = 0.04
        body = {"prompt": "long", "max_tokens": 100, "stream": True}
        with requests.post(
            f"{running.inference}/predictions/jane", json=body, stream=True, timeout=20
        ) as answer:
            lines = [line for line in answer.iter_lines(1 << 16) if line]
    assert sum(line.count(b"x") for line in lines) >= 100 * 60_000


def test_what_waits_for_all_readers_is_bounded(
    registry: Registry, tmp_path: Path, engines: FakeEngines
) -> None:
    publish(registry)
    body = {"prompt": "long", "max_tokens": 200, "stream": True}
    count = MOST_UNREAD_IN_ALL // (200 * len(LINE)) + 3
    with (
        serving(registry, tmp_path / "cache", engines) as running,
        slow_readers(running.inference, "/predictions/jane", body, count) as readers,
    ):
        until(lambda: held(running.metrics) == 0, "the writing")
        assert ask(running.inference) < 5
        cut = [was_cut_off(reader) for reader in readers]
        assert 0 < sum(cut) < count


@pytest.mark.parametrize("begun", ["", "POST /predictions/jane HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_trickles_is_cut_off(
    registry: Registry, tmp_path: Path, engines: FakeEngines, begun: str
) -> None:
    publish(registry)
    with serving(registry, tmp_path / "cache", engines, body_timeout=0.5) as running:
        host, port = running.inference.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
            client.sendall(begun.encode())
            until(lambda: _was_ended(client, b"x" if begun else b""), "the end of the connection")


def _was_ended(client: socket.socket, more: bytes) -> bool:
    try:
        client.sendall(more)
        client.settimeout(0.05)
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_body_that_trickles_after_its_answer_is_cut_off(
    registry: Registry, tmp_path: Path, engines: FakeEngines
) -> None:
    publish(registry)
    with (
        serving(registry, tmp_path / "cache", engines, body_timeout=1.0) as running,
        trickling_senders(running.inference, "/predictions/nobody", 1) as (sender,),
    ):
        until(lambda: was_cut_off(sender), "the end of the connection")


def test_bodies_that_trickle_have_a_bound_in_all(
    registry: Registry, tmp_path: Path, engines: FakeEngines
) -> None:
    publish(registry)
    size = 24 << 20
    with serving(registry, tmp_path / "cache", engines, max_request_size=size) as running:
        host, port = running.inference.removeprefix("http://").split(":")
        with ExitStack() as stack:
            senders = []
            for _ in range(MOST_COMING // size + 2):
                sender = socket.create_connection((host, int(port)), timeout=PATIENCE)
                senders.append(stack.enter_context(sender))
                sender.sendall(head("/predictions/jane", size) + b" " * (size - 1))
            assert ask(running.inference) < 5
            for sender in senders:
                sender.settimeout(1)
            first = [_status(sender) for sender in senders]
        assert 0 < first.count(b"503") < len(senders)


def _status(client: socket.socket) -> bytes:
    try:
        return client.recv(1000)[9:12]
    except TimeoutError:
        return b""
