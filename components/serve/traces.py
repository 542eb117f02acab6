"""OpenTelemetry: a span for each request, where its own variables say who collects them."""

import time
from collections.abc import Mapping
from typing import Any

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "huggingtweets-serve"
ATTRIBUTES = {
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "request_id": "huggingtweets.request_id",
    "model": "gen_ai.response.model",
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "tokens": "gen_ai.usage.output_tokens",
}
"""What we note of a request, and its name in OpenTelemetry's semantic conventions."""
LONGEST_FLUSH = 2000
"""Milliseconds that the end of the server waits for spans that nobody takes."""


class Traces:
    """Spans on their way to a collector, in the background; no prompt and no text is in one."""

    def __init__(self) -> None:
        """Export as OTLP over HTTP, as the `OTEL_*` variables say."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = Resource({SERVICE_NAME: SERVICE}).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=named, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("components.serve")

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Traces | None":
        """Traces if there is somewhere to send them to."""
        return cls() if any(environment.get(name) for name in ENDPOINTS) else None

    def record(self, seconds: float, headers: Mapping[str, str], facts: Mapping[str, Any]) -> None:
        """A request that took so long and ended now; `traceparent` among its headers counts."""
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        end = time.time_ns()
        span = self._tracer.start_span(
            f"{facts['method']} {facts['route']}",
            TraceContextTextMapPropagator().extract(headers),
            kind=SpanKind.SERVER,
            attributes={name: facts[key] for key, name in ATTRIBUTES.items() if key in facts},
            start_time=end - int(seconds * 1e9),
        )
        if facts["status"] >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end)

    def close(self) -> None:
        """Send what is left, for a moment; then let go."""
        self._provider.force_flush(LONGEST_FLUSH)
        self._provider.shutdown()
