"""Copies that nobody can delete from here: on the Hub, in W&B, in Kubeflow."""

from collections.abc import Iterable, Iterator

from components.contracts.audit import AuditEntry
from components.contracts.registry import Manifest
from components.registry import Registry


def elsewhere(registry: Registry, manifests: Iterable[Manifest]) -> Iterator[str]:
    """A sentence for each place that may hold copies of these versions or of their posts.

    Raises:
        StorageError: the registry's audit log cannot be read.
    """
    stale = {(one.persona, one.version): one for one in manifests}
    for name in dict.fromkeys(_pushes(registry, stale)):
        yield f"{name}: delete it there, or push a version over it"
    for manifest in stale.values():
        for tool, run_id in sorted(manifest.lineage.runs.items()):
            yield (
                f"the {tool} run {run_id} made {manifest.persona}@{manifest.version}: "
                "what it keeps of posts and weights is deleted there"
            )


def _pushes(registry: Registry, stale: Iterable[tuple[str, int]]) -> Iterator[str]:
    wanted = set(stale)
    for entry in registry.audit().entries if wanted else ():
        if (entry.persona, entry.version) in wanted and _may_have_pushed(entry):
            yield f"{entry.persona}@{entry.version} was pushed to {entry.details['to']} on the Hub"


def _may_have_pushed(entry: AuditEntry) -> bool:
    """Whatever began may have reached the Hub, even where it failed later."""
    return entry.action == "push" and "to" in entry.details
