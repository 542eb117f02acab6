"""How many pods a run of a compiled pipeline takes, as Kubeflow's own compiler makes them.

backend/src/v2/compiler/argocompiler in kubeflow/pipelines: the root, and every task that is a group
of tasks, has a driver; one that is a step has a driver and an executor. A loop has a driver, and
each of its items another; a task in a branch has its driver, which finds out that it is left out.
"""

from typing import Any

Document = dict[str, Any]


def pods(spec: Document, items: int = 1) -> int:
    """The most pods that a run takes in which nothing fails and each loop has so many `items`."""
    return 1 + _pods_in(spec, spec["root"], items)


def _pods_in(spec: Document, group: Document, items: int) -> int:
    tasks = group["dag"]["tasks"].values()
    taken = [_pods_of(spec, task, items) for task in tasks]
    if all("condition" in task.get("triggerPolicy", {}) for task in tasks):
        return max(taken) + len(taken) - 1  # branches: of the others the drivers alone
    return sum(taken)


def _pods_of(spec: Document, task: Document, items: int) -> int:
    component = spec["components"][task["componentRef"]["name"]]
    if "dag" not in component:
        return 2
    inside = 1 + _pods_in(spec, component, items)
    is_loop = "parameterIterator" in task or "artifactIterator" in task
    return 1 + items * inside if is_loop else inside
