"""Pods that do one thing in a namespace with the restricted Pod Security standard."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.kind.cluster import Cluster, until

LOAD = Path(__file__).with_name("load.py")
ENDED = ("Succeeded", "Failed")
CONNECT = """
import socket, sys
for _ in range(3):
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 4).close()
        print("open")
        break
    except OSError:
        continue
else:
    print("closed")
"""
LISTEN = """
import socket
with socket.create_server(("", 8000)) as server:
    while True:
        server.accept()[0].close()
"""


def pod_document(
    name: str,
    image: str,
    command: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A pod of one container that may do what the restricted standard allows."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "env": [{"name": key, "value": value} for key, value in (variables or {}).items()],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name, **(labels or {})}},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 5,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        },
    }


@contextmanager
def running(cluster: Cluster, namespace: str, document: dict[str, Any]) -> Iterator[str]:
    """Create a pod, and delete it in the end; gives its name."""
    name = document["metadata"]["name"]
    cluster.create(document, namespace)
    try:
        yield name
    finally:
        cluster.kubectl("delete", "pod", name, "--namespace", namespace, "--ignore-not-found")


def ended_log(cluster: Cluster, namespace: str, name: str, seconds: float = 180.0) -> str:
    """What a pod wrote, once it has ended well."""

    def phase() -> str:
        said = cluster.get("pod", name, "--namespace", namespace)["status"]["phase"]
        return str(said) if said in ENDED else ""

    phase_then = until(phase, f"the end of the pod {name}", seconds)
    log = cluster.kubectl("logs", name, "--namespace", namespace)
    assert phase_then == "Succeeded", f"the pod {name} failed: {log}"
    return log


def reaches(
    cluster: Cluster, namespace: str, address: str, port: int, labels: Mapping[str, str]
) -> bool:
    """Whether a pod with these labels gets a connection."""
    command = ["python", "-c", CONNECT, address, str(port)]
    pod = pod_document("caller", cluster.images["serve"], command, labels=labels)
    with running(cluster, namespace, pod) as name:
        return ended_log(cluster, namespace, name).strip() == "open"


@dataclass
class Answers:
    """What the requests of a load came to; complete once its block has ended."""

    asked: int = 0
    failed: Sequence[Any] = ()
    """`[seconds since the beginning, what went wrong]`."""
    seconds: float = 0.0
    """How long it took."""
    versions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By version: `count`, and `first` and `last` in seconds since the beginning."""

    def all_well(self) -> None:
        assert self.asked > 0
        assert not self.failed, f"{len(self.failed)} of {self.asked} failed: {self.failed[:3]}"


@contextmanager
def under_load(
    cluster: Cluster, namespace: str, url: str, *, askers: int = 4, pause: float = 0.05
) -> Iterator[Answers]:
    """Requests from a pod of the namespace, all the time until the block ends."""
    variables = {"URL": url, "ASKERS": str(askers), "PAUSE": str(pause)}
    command = ["python", "-c", LOAD.read_text()]
    pod = pod_document("load", cluster.images["serve"], command, variables=variables)
    answers = Answers()
    with running(cluster, namespace, pod) as name:
        place = ("--namespace", namespace)
        cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=120s", *place)
        look = ("exec", name, *place, "--", "ls", "/tmp")
        until(lambda: "begun" in cluster.kubectl(*look, check=False), "the first answer")
        yield answers
        cluster.kubectl("exec", name, *place, "--", "touch", "/tmp/stop")
        said = json.loads(ended_log(cluster, namespace, name).splitlines()[-1])
        answers.asked, answers.failed = said["asked"], said["failed"]
        answers.seconds, answers.versions = said["seconds"], said["versions"]
