"""The names of Argo's nodes, which Kubeflow's API leaves out: it tells their ids and last parts.

A node's id is the workflow's name and a hash of the node's whole name (`NodeID` of
workflow/v1alpha1 in argoproj/argo-workflows), so that a name can be tried: `w(0).root(0).train`.
"""

import re
from collections.abc import Collection, Iterator

from pipelines.kubeflow.run_document import Task

_OFFSET, _PRIME = 0x811C9DC5, 0x01000193
ATTEMPT = re.compile(r"\(\d+\)$")
"""Ends the names of attempts: `train(0)`, `train(1)`."""
_ITEM = re.compile(r"\((\d+):")
_LOOP = re.compile(r"\.for-loop-\d+\(\d+\)$")


def node_id(workflow: str, name: str) -> str:
    """The id of the node of this name: its FNV-1a hash of 32 bits behind the workflow's name."""
    return f"{workflow}-{_fnv(name)}"


def _fnv(text: str, state: int = _OFFSET) -> int:
    for byte in text.encode():
        state = ((state ^ byte) * _PRIME) & 0xFFFFFFFF
    return state


def workflow_of(tasks: Collection[Task]) -> str | None:
    """The workflow's name, which begins the id of each of its nodes."""
    return next((node.rpartition("-")[0] for node in _ids(tasks)), None)


def _ids(tasks: Collection[Task]) -> set[str]:
    return {child.pod_name for task in tasks for child in task.child_tasks or () if child.pod_name}


def node_names(tasks: Collection[Task]) -> dict[str, str]:
    """The whole names of the nodes by id, all but the first one's.

    A node that may be tried again stands above its attempts, `name(0)`, `name(1)`, …; an attempt
    above what it is made of, `name(0).part`.
    """
    workflow = workflow_of(tasks)
    if workflow is None:
        return {}
    ids, parts = _ids(tasks), {task.display_name for task in tasks} - {""}
    found: dict[str, str] = {}
    waiting = [workflow]
    while waiting:
        name = waiting.pop()
        hashed = _fnv(name)
        for below in _below(name, parts):
            node = f"{workflow}-{_fnv(below, hashed)}"
            if node in ids and node not in found:
                found[node] = name + below
                waiting.append(name + below)
    return found


def _below(name: str, parts: Collection[str]) -> Iterator[str]:
    """How the names of the nodes directly below one may go on."""
    if not ATTEMPT.search(name):
        yield from {match[0] for part in parts if (match := ATTEMPT.search(part))}
    else:
        in_loop = bool(_LOOP.search(name))
        for part in parts:
            if not ATTEMPT.search(part) and (in_loop or not _ITEM.search(part)):
                yield f".{part}"


def item_of(name: str) -> int | None:
    """Which item of its outermost loop a node belongs to, from 0; None outside loops."""
    match = _ITEM.search(name)
    return int(match[1]) if match else None
