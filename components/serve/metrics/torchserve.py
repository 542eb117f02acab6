"""TorchServe's metrics under its own names (pytorch.org/serve/metrics.html, release 0.12).

Its latencies and counts of answers are sums whose names lack the `_total` of a Prometheus counter,
so they are given as metrics of no stated type; `rate()` works on them as before.
"""

import platform
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from components.serve.memory import memory_used

TS_DEFAULT = "default"
"""The version under which TorchServe counts a request that names none."""
MEGABYTE = 1 << 20
GIGABYTE = 1 << 30
BY_MODEL = {
    "ts_inference_requests_total": "Requests that were answered.",
    "ts_inference_latency_microseconds": "Sum of the times from arrival to answer.",
    "ts_queue_latency_microseconds": "Sum of the times that requests waited for a place.",
}
BY_STATUS = {2: "Requests2XX", 4: "Requests4XX", 5: "Requests5XX"}
LAST = {
    "QueueTime": "Milliseconds that the last request waited for a place.",
    "WorkerThreadTime": "Milliseconds of the last request outside of the model.",
    "HandlerTime": "Milliseconds of the last request from its place to its last token.",
    "PredictionTime": "Milliseconds of the last request, from arrival to its last token.",
}


class TorchServeMetrics(Collector):
    """Keeps the sums, and looks at the machine when it is asked."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._host = platform.node()
        self._sums: dict[str, dict[tuple[str, str], float]] = {
            name: defaultdict(float) for name in BY_MODEL
        }
        self._answers: dict[str, float] = dict.fromkeys(BY_STATUS.values(), 0.0)
        self._last: dict[str, float] = {}
        registry.register(self)

    def answered(self, status: int) -> None:
        """An answer with this status went out."""
        if name := BY_STATUS.get(status // 100):
            self._answers[name] += 1

    def finished(self, key: tuple[str, str], seconds: float, queued: float, around: float) -> None:
        """A request was written: in `seconds` from arrival, of which it waited `queued`, and
        spent `around` outside of the model and the queue. `key` is its model and version."""
        for name, amount in zip(BY_MODEL, (1, seconds * 1e6, queued * 1e6), strict=True):
            self._sums[name][key] += amount
        own = max(seconds - queued - around, 0)
        self._last = {
            name: 1000 * part
            for name, part in zip(LAST, (queued, around, own, seconds), strict=True)
        }

    def describe(self) -> Iterable[Metric]:
        """Nothing: the names are known, and looking at the machine is for the scrape."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """See `Collector.collect`."""
        for name, about in BY_MODEL.items():
            metric = Metric(name, about, "unknown")
            for (model, version), amount in list(self._sums[name].items()):
                labels = {"model_name": model, "model_version": version, "hostname": self._host}
                metric.add_sample(name, labels, amount)
            yield metric
        for name, amount in self._answers.items():
            metric = Metric(name, "Answers with such a status.", "unknown")
            metric.add_sample(name, self._by_host(), amount)
            yield metric
        for name, about in LAST.items():
            yield self._gauge(name, about, self._last.get(name, 0.0))
        yield from self._machine()

    def _machine(self) -> Iterable[Metric]:
        used, free = memory_used()
        disk = shutil.disk_usage(Path.cwd())
        shares = (100 * used / (used + free), 100 * disk.used / disk.total)
        yield self._gauge("MemoryUsed", "Megabytes of memory in use.", used / MEGABYTE)
        yield self._gauge("MemoryAvailable", "Megabytes of memory left.", free / MEGABYTE)
        yield self._gauge("MemoryUtilization", "Percent of memory in use.", shares[0])
        yield self._gauge("DiskUsage", "Gigabytes of disk in use.", disk.used / GIGABYTE)
        yield self._gauge("DiskAvailable", "Gigabytes of disk left.", disk.free / GIGABYTE)
        yield self._gauge("DiskUtilization", "Percent of disk in use.", shares[1])

    def _gauge(self, name: str, about: str, value: float) -> Metric:
        family = GaugeMetricFamily(name, about, labels=list(self._by_host()))
        family.add_metric(list(self._by_host().values()), value)
        return family

    def _by_host(self) -> dict[str, str]:
        return {"Level": "Host", "Hostname": self._host}
