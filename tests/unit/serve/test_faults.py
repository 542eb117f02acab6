"""Overload, deadlines, clients that go away or dawdle, large bodies, and the end."""

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support.fake_engine import FakeEngines
from support.servers import Running, publish, serving, until

from components.lm.engine.protocol import GenerationFailed
from components.registry import Registry
from components.runtime.logs import JsonFormatter


@pytest.fixture
def engines() -> FakeEngines:
    return FakeEngines()


@pytest.fixture
def limited(registry: Registry, tmp_path: Path, engines: FakeEngines) -> Iterator[Running]:
    publish(registry)
    with serving(
        registry, tmp_path / "cache", engines, job_queue_size=1, max_request_size=1000,
        body_timeout=0.5, default_response_timeout=1.0,
    ) as running:  # fmt: skip
        yield running


DIALECTS: list[tuple[str, dict[str, Any]]] = [
    ("/predictions/jane", {"prompt": "x"}),
    ("/v2/models/jane/generate", {"text_input": "x"}),
    ("/v1/completions", {"model": "jane", "prompt": "x"}),
]
STREAMS: list[tuple[str, dict[str, Any]]] = [
    ("/predictions/jane", {"prompt": "x", "stream": True}),
    ("/v2/models/jane/generate_stream", {"text_input": "x"}),
    ("/v1/completions", {"model": "jane", "prompt": "x", "stream": True}),
]


def post(running: Running, path: str, body: Any) -> requests.Response:
    return requests.post(running.inference + path, json=body, timeout=20)


def each(running: Running, dialects: list[tuple[str, dict[str, Any]]]) -> list[int]:
    return [post(running, path, body).status_code for path, body in dialects]


def test_a_full_queue(limited: Running, engines: FakeEngines) -> None:
    engines.last.gate.clear()
    waiting = threading.Thread(target=limited.ask, args=("jane",), kwargs={"prompt": "x"})
    waiting.start()
    until(lambda: engines.last.running == 1)
    answers = [post(limited, path, body) for path, body in DIALECTS + STREAMS]
    assert [answer.status_code for answer in answers] == [503, 429, 429] * 2
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    engines.last.gate.set()
    waiting.join()


def test_a_deadline(limited: Running, engines: FakeEngines) -> None:
    engines.last.delay = 0.4
    assert each(limited, DIALECTS) == [408, 424, 408]


def test_a_deadline_within_a_stream_is_its_last_word(
    limited: Running, engines: FakeEngines
) -> None:
    engines.last.delay = 0.4
    answer = post(limited, *STREAMS[0])
    assert answer.status_code == 200
    assert json.loads(answer.text.splitlines()[-1])["code"] == 408
    until(lambda: engines.last.running == 0)
    answer = post(limited, *STREAMS[2])
    assert "[DONE]" not in answer.text
    assert json.loads(answer.text.strip().split("data: ")[-1])["error"]["code"] == "timeout"


def test_a_failure_of_the_model(limited: Running, engines: FakeEngines) -> None:
    engines.last.fails_with = GenerationFailed("the model failed")
    assert each(limited, DIALECTS) == [500, 424, 500]


def test_a_large_body(limited: Running) -> None:
    big = [(path, body | {"padding": "x" * 2000}) for path, body in DIALECTS]
    assert each(limited, big) == [413] * 3

    def chunks() -> Iterator[bytes]:
        yield from [b"x" * 100] * 30

    answer = requests.post(f"{limited.inference}/predictions/jane", data=chunks(), timeout=9)
    assert (answer.status_code, answer.json()["code"]) == (413, 413)


def raw(running: Running, head: str) -> socket.socket:
    host, port = running.inference.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(head.replace("\n", "\r\n").encode())
    return connection


def test_a_body_that_does_not_come(limited: Running) -> None:
    head = "POST /predictions/jane HTTP/1.1\nHost: x\nContent-Length: 100\n\nhalf"
    with raw(limited, head) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_costs_nothing_more(
    limited: Running, engines: FakeEngines, stream: bool
) -> None:
    engine = engines.last
    engine.delay = 0.1
    engine.write = lambda prompt, index, seed: [" word"] * 1000
    body = json.dumps({"prompt": "x", "stream": stream, "max_tokens": 900})
    head = f"POST /predictions/jane HTTP/1.1\nHost: x\nContent-Length: {len(body)}\n\n{body}"
    connection = raw(limited, head)
    until(lambda: engine.running == 1)
    connection.close()
    until(lambda: engine.running == 0, "the end of the writing")
    assert engine.drawn < 50


def test_a_client_that_does_not_read_is_let_go(
    registry: Registry, tmp_path: Path, engines: FakeEngines
) -> None:
    publish(registry)
    with serving(registry, tmp_path / "cache", engines, body_timeout=0.5) as running:
        engine = engines.last
        engine.write = lambda prompt, index, seed: [" " + "x" * 60_000] * 200
        body = json.dumps({"prompt": "x", "stream": True, "max_tokens": 200})
        head = f"POST /predictions/jane HTTP/1.1\nHost: x\nContent-Length: {len(body)}\n\n{body}"
        with raw(running, head):
            until(lambda: engine.drawn > 100)
            held = running.server.context.personas.of("jane")[0]
            until(lambda: held.in_use == 0, "letting go")
            assert running.ask("jane", prompt="x", max_tokens=1).status_code == 200


def test_the_end_is_gentle(registry: Registry, tmp_path: Path, engines: FakeEngines) -> None:
    publish(registry)
    with serving(registry, tmp_path / "cache", engines, drain_delay=1.0) as running:
        engines.last.delay = 0.2
        answers: list[int] = []

        def ask() -> None:
            answers.append(running.ask("jane", prompt="x").status_code)

        running.end(gently=True)
        until(lambda: running.status("/readyz") == 503, "the end of readiness")
        assert running.status("/livez") == 200
        assert requests.get(f"{running.inference}/ping", timeout=9).status_code == 500
        late = threading.Thread(target=ask)
        late.start()  # 1.8 s: it runs on beyond the delay
        until(lambda: engines.last.running == 1)
        with pytest.raises(requests.ConnectionError):
            end = time.monotonic() + 20
            while time.monotonic() < end:
                running.status("/livez")
                time.sleep(0.05)
        late.join()
        assert answers == [200]


def test_a_request_that_takes_too_long_to_drain_is_ended(
    registry: Registry, tmp_path: Path, engines: FakeEngines
) -> None:
    publish(registry)
    with serving(
        registry, tmp_path / "cache", engines, drain_delay=0.0, drain_timeout=1.0
    ) as running:
        engines.last.gate.clear()
        answers: list[int] = []
        late = threading.Thread(
            target=lambda: answers.append(running.ask("jane", prompt="x").status_code)
        )
        late.start()
        until(lambda: engines.last.running == 1)
        running.end(gently=True)
        late.join()
        assert answers == [503]
        engines.last.gate.set()


def test_metrics(limited: Running) -> None:
    limited.ask("jane", prompt="a b", n=2)
    limited.ask("nobody", prompt="x")
    text = requests.get(f"{limited.metrics}/metrics", timeout=9).text
    labels = 'model_name="jane",model_version="1"'
    for line in (
        f"huggingtweets_prompt_tokens_total{{{labels}}} 3.0",
        f"huggingtweets_generated_tokens_total{{{labels}}} 18.0",
        f"huggingtweets_request_duration_seconds_count{{{labels}}} 1.0",
        f"huggingtweets_queue_seconds_count{{{labels}}} 1.0",
        f"huggingtweets_time_to_first_token_seconds_count{{{labels}}} 1.0",
        f"huggingtweets_time_per_output_token_seconds_count{{{labels}}} 1.0",
        f"huggingtweets_requests_running{{{labels}}} 0.0",
        f"huggingtweets_requests_waiting{{{labels}}} 0.0",
        "huggingtweets_models_loaded 1.0",
    ):
        assert line in text
    assert "huggingtweets_batch_size_bucket" in text
    for name in ("ts_inference_requests_total", "ts_inference_latency_microseconds",
                 "ts_queue_latency_microseconds"):  # fmt: skip
        assert f'{name}{{hostname="{socket.gethostname()}",model_name="jane",' in text
    for name in ("Requests2XX", "Requests4XX", "Requests5XX", "QueueTime", "WorkerThreadTime",
                 "MemoryUsed", "MemoryAvailable", "DiskUtilization"):  # fmt: skip
        assert f'{name}{{Hostname="{socket.gethostname()}",Level="Host"}}' in text
    nothing = requests.get(f"{limited.metrics}/elsewhere", timeout=9)
    assert (nothing.status_code, nothing.json()["code"]) == (404, 404)


def test_logs_are_json_and_carry_the_request_id(
    limited: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "components.serve")
    requests.post(
        f"{limited.inference}/predictions/jane", json={"prompt": "a secret prompt"},
        headers={"x-request-id": "abc"}, timeout=9,
    )  # fmt: skip

    def lines() -> list[dict[str, Any]]:
        return [json.loads(JsonFormatter().format(record)) for record in list(caplog.records)]

    # the line may come just after the answer
    [line] = until(lambda: [line for line in lines() if line.get("request_id") == "abc"])
    assert line["path"] == "/predictions/jane"
    assert (line["status"], line["model"], line["tokens"]) == (200, "jane@1", 9)
    assert "secret" not in json.dumps(lines())
