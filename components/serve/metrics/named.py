"""Metrics by name: `/metrics?name[]=` answers for every name that `/metrics` shows.

prometheus_client's own choice knows a histogram by its samples' names alone, and nothing of
collectors that do not describe themselves.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric


class NamedRegistry(CollectorRegistry):
    """A registry of which some metrics can be asked for."""

    def restricted_registry(self, names: Iterable[str]) -> Any:
        """The metrics of these names, and the samples of these names in others.

        A name may be that of a whole metric (`x` for `x_bucket`, `x_sum`, `x_count`, and for the
        counter `x_total`) or of one kind of its samples; one that is not there gives nothing.
        """
        return _NamedMetrics(self, frozenset(names))


class _NamedMetrics:
    """What is left of a registry; read it as often as you like."""

    def __init__(self, registry: CollectorRegistry, names: frozenset[str]) -> None:
        self._registry, self._names = registry, names

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            if metric.name in self._names:
                yield metric
            elif samples := [sample for sample in metric.samples if sample.name in self._names]:
                chosen = Metric(metric.name, metric.documentation, metric.type, metric.unit)
                chosen.samples = samples
                yield chosen
