"""Spans as a collector gets them: OTLP over HTTP, to a local server that takes nothing else."""

import gzip
import os
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.servers import publish, serving

from components.registry import Registry
from components.serve.traces import Traces

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector(ThreadingHTTPServer):
    """Takes spans at /v1/traces from who knows the password."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.taken: queue.Queue[ExportTraceServiceRequest] = queue.Queue()


class Taker(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        known = self.headers.get("x-password") == "open-sesame"
        good = known and self.path == "/v1/traces"
        if good:
            self.server.taken.put(ExportTraceServiceRequest.FromString(body))
        self.send_response(200 if good else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-password=open-sesame")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.namespace.name=personas")
        yield server
        server.shutdown()


def attributes(of: Any) -> dict[str, Any]:
    return {
        one.key: getattr(one.value, one.value.WhichOneof("value"))
        for one in of.attributes
    }  # fmt: skip


def test_every_request_is_a_span_without_a_word_of_it(
    registry: Registry, tmp_path: Path, collector: Collector
) -> None:
    publish(registry)
    with serving(registry, tmp_path, traces=Traces.of(os.environ)) as running:
        url = f"{running.inference}/predictions/jane"
        headers = {"traceparent": PARENT, "x-request-id": "mine"}
        requests.post(url, json={"prompt": "a secret"}, headers=headers, timeout=20)
        requests.post(f"{running.inference}/predictions/nobody", json={"prompt": "x"}, timeout=20)
        assert running.status("/livez") == 200
    (resource,) = collector.taken.get(timeout=20).resource_spans
    assert attributes(resource.resource)["service.name"] == "huggingtweets-serve"
    assert attributes(resource.resource)["k8s.namespace.name"] == "personas"
    asked, refused = resource.scope_spans[0].spans
    assert asked.name == "POST /predictions/{model}"
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == tuple(PARENT.split("-")[1:3])
    assert asked.kind == Span.SPAN_KIND_SERVER
    assert 0 < asked.end_time_unix_nano - asked.start_time_unix_nano < 20e9
    facts = attributes(asked)
    assert facts["http.response.status_code"] == 200
    assert facts["gen_ai.response.model"] == "jane@1"
    assert facts["gen_ai.usage.output_tokens"] > 0
    assert facts["huggingtweets.request_id"] == "mine"
    assert "secret" not in str(asked)
    assert attributes(refused)["http.response.status_code"] == 404
    assert refused.status.code == Status.STATUS_CODE_UNSET


def test_a_collector_that_is_away_stops_nothing(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    publish(registry)
    with serving(registry, tmp_path, traces=Traces.of(os.environ)) as running:
        assert running.ask("jane", prompt="x").status_code == 200


def test_without_an_endpoint_there_are_none() -> None:
    assert Traces.of({"OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_ENDPOINT": ""}) is None
