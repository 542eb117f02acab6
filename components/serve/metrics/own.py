"""What the server measures of itself: our own names, with histograms."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from components.serve.metrics.named import NamedRegistry
from components.serve.metrics.torchserve import TS_DEFAULT, TorchServeMetrics

LABELS = ("model_name", "model_version")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
TOKEN_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Served(Protocol):
    """What is measured of a model."""

    name: str
    version: str
    memory: int
    """Bytes that it takes."""

    @property
    def dtype(self) -> str | None:
        """What it is computed in."""
        ...

    @property
    def key(self) -> tuple[str, str]:
        """The name and the version."""
        ...


class Metrics:
    """Every metric of one server, in a registry of its own."""

    def __init__(self, *, ts_as_asked: bool = True) -> None:
        """`ts_as_asked`: TorchServe's counters take the version that was asked for for their label,
        not the one that answered."""
        self.registry = NamedRegistry()
        self._ts_as_asked = ts_as_asked
        self.torchserve = TorchServeMetrics(self.registry)
        self.request_seconds = self._histogram(
            "request_duration_seconds", "From a request's arrival to its last token.", SECONDS
        )
        self.queue_seconds = self._histogram(
            "queue_seconds", "From a request's arrival to its place in the batch.", SECONDS
        )
        self.first_token_seconds = self._histogram(
            "time_to_first_token_seconds", "From a request's arrival to its first token.", SECONDS
        )
        self.token_seconds = self._histogram(
            "time_per_output_token_seconds",
            "Between two tokens of a sample after the first, mean of a request.",
            TOKEN_SECONDS,
        )
        self.batch_size = self._histogram(
            "batch_size", "Samples that were written together, at each look at the engine.", ROWS
        )
        self.prompt_tokens = self._counter("prompt_tokens_total", "Tokens of prompts.")
        self.generated_tokens = self._counter("generated_tokens_total", "Tokens drawn.")
        self.running = self._gauge("requests_running", "Requests that are being written.")
        self.waiting = self._gauge("requests_waiting", "Requests that wait for a place.")
        self.registry_reachable = Gauge(
            "huggingtweets_registry_reachable",
            "1 while the registry can be read, 0 while it is away.",
            registry=self.registry,
        )
        self.cache_bytes = Gauge(
            "huggingtweets_cache_bytes",
            "What fetched versions and unpacked archives take of the disk.",
            registry=self.registry,
        )
        self.cache_removed = Counter(
            "huggingtweets_cache_removed_total",
            "Fetched versions and unpacked archives that were deleted from the disk, by reason.",
            ("reason",),
            registry=self.registry,
        )

    def record(self, model: Served, begun: float, asked: str | None) -> "RequestRecord":
        """Begin to measure a request to this model.

        Args:
            model: it answers.
            begun: when the request came, on the clock of `time.monotonic()`.
            asked: the version that the request named, if it named one.
        """
        ts_version = (asked or TS_DEFAULT) if self._ts_as_asked else model.version
        return RequestRecord(self, model, begun, ts_version)

    def watch_models(self, loaded: Callable[[], Sequence[Served]]) -> None:
        """Count the models in memory at each scrape."""
        self.registry.register(_LoadedModels(loaded))

    def _histogram(self, name: str, about: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(
            f"huggingtweets_{name}", about, LABELS, buckets=buckets, registry=self.registry
        )

    def _counter(self, name: str, about: str) -> Counter:
        return Counter(f"huggingtweets_{name}", about, LABELS, registry=self.registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"huggingtweets_{name}", about, LABELS, registry=self.registry)


class RequestRecord:
    """What is measured of one request."""

    def __init__(self, metrics: Metrics, model: Served, begun: float, ts_version: str) -> None:
        self._metrics, self._model, self._begun = metrics, model, begun
        self._ts_key = (model.name, ts_version)
        self._first: float | None = None
        self._submitted = begun
        self._gauge: Gauge | None = None
        self._move_to(metrics.waiting)

    def submitted(self) -> None:
        """The engine took the request."""
        self._submitted = time.monotonic()

    def drawn(self, tokens: int, running: int) -> None:
        """So many tokens were drawn, with so many samples in the batch."""
        metrics, labels = self._metrics, self._model.key
        metrics.batch_size.labels(*labels).observe(max(running, 1))
        metrics.generated_tokens.labels(*labels).inc(tokens)
        if self._first is None:
            self._first = time.monotonic()
            metrics.first_token_seconds.labels(*labels).observe(self._first - self._begun)
            self._move_to(metrics.running)

    def finished(self, prompt_tokens: int, tokens: int, samples: int, in_queue: float) -> None:
        """Every sample is written; the request waited `in_queue` seconds in the engine's queue."""
        now, metrics, labels = time.monotonic(), self._metrics, self._model.key
        before = self._submitted - self._begun
        metrics.prompt_tokens.labels(*labels).inc(prompt_tokens)
        metrics.request_seconds.labels(*labels).observe(now - self._begun)
        metrics.queue_seconds.labels(*labels).observe(before + in_queue)
        if self._first is not None and tokens > samples:
            each = (now - self._first) * samples / (tokens - samples)
            metrics.token_seconds.labels(*labels).observe(each)
        metrics.torchserve.finished(self._ts_key, now - self._begun, in_queue, before)

    def closed(self) -> None:
        """The request is over, one way or another; more than once does no harm."""
        self._move_to(None)

    def _move_to(self, gauge: Gauge | None) -> None:
        if self._gauge is not None:
            self._gauge.labels(*self._model.key).dec()
        self._gauge = gauge
        if gauge is not None:
            gauge.labels(*self._model.key).inc()


class _LoadedModels(Collector):
    """How many models are in memory, and what each takes."""

    def __init__(self, loaded: Callable[[], Sequence[Served]]) -> None:
        self._loaded = loaded

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        models = self._loaded()
        count = GaugeMetricFamily("huggingtweets_models_loaded", "Models in memory.")
        count.add_metric([], len(models))
        yield count
        memory = GaugeMetricFamily(
            "huggingtweets_model_memory_bytes", "What each model takes.", labels=LABELS
        )
        info = GaugeMetricFamily(
            "huggingtweets_model_info", "What each model is computed in.", labels=(*LABELS, "dtype")
        )
        for model in models:
            memory.add_metric(model.key, model.memory)
            info.add_metric((*model.key, model.dtype or ""), 1)
        yield memory
        yield info
