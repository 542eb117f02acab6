"""Runs as Kubeflow Pipelines 2.17.0 tells them: recorded ones, and others made in their image."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parents[1] / "unit" / "pipelines" / "kubeflow" / "recorded"
WORKFLOW = "persona-x7k2p"
GROUP = f"{WORKFLOW}(0).root(0).exit-handler-1(0)"
"""The node that the steps stand below."""

END = "2026-01-01T00:02:00Z"

Document = dict[str, Any]


def recorded(name: str, pipeline_root: str | None = None) -> Document:
    """The answer `run_<name>.json`, with its artifacts in another place, or none."""
    run: Document = json.loads((RECORDED / f"run_{name}.json").read_bytes())
    run["runtime_config"]["pipeline_root"] = pipeline_root
    return run


def recorded_workflow(name: str) -> Document:
    """Argo's record in the answer `run_<name>.v1beta1.json`."""
    answer = json.loads((RECORDED / f"run_{name}.v1beta1.json").read_bytes())
    return dict(json.loads(answer["pipeline_runtime"]["workflow_manifest"]))


def recorded_log() -> str:
    """What the pod of the step that failed wrote, Kubeflow's own lines among it."""
    return (RECORDED / "log_of_the_failed_step.as_the_pod_wrote_it.txt").read_text()


def own_lines(log: str) -> str:
    """What the launcher keeps of a pod's log: the lines of the step itself."""
    return "".join(line for line in log.splitlines(keepends=True) if line.startswith("{"))


def node_id(name: str) -> str:
    """The id that Argo gives to a node (`NodeID` of argo-workflows)."""
    state = 2166136261
    for byte in name.encode():
        state = (state ^ byte) * 16777619 % 2**32
    return f"{WORKFLOW}-{state}"


def made_run(nodes: Mapping[str, str], state: str = "RUNNING", **more: Any) -> Document:
    """A run of nodes with these whole names and states; what stands above them is added."""
    names: dict[str, str] = {}
    for node, said in nodes.items():
        for name in (*_above(node), node):
            names[name] = nodes.get(name, said)
    below: dict[str, list[Document]] = {}
    for name in names:
        below.setdefault(_parent(name), []).append({"pod_name": node_id(name)})
    tasks = [
        {
            "display_name": name.rpartition(").")[2],
            "state": said,
            "start_time": f"2026-01-01T00:00:{number % 60:02}Z",
            "end_time": "1970-01-01T00:00:00Z" if said in ("RUNNING", "PENDING") else END,
            "child_tasks": below.get(name, []),
        }
        for number, (name, said) in enumerate(names.items())
    ]
    return {"state": state, "run_details": {"task_details": tasks}, **more}


def _parent(name: str) -> str:
    """`w(0).a` for `w(0).a(0)`, `w(0)` for `w(0).a`."""
    if attempt := re.search(r"\(\d+\)$", name):
        return name[: attempt.start()]
    head, between, _ = name.rpartition(").")
    return head + between[:1]


def _above(name: str) -> list[str]:
    above: list[str] = []
    while name := _parent(name):
        above.insert(0, name)
    return above
