"""Pods that do one thing in a namespace with the restricted Pod Security standard."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.kind.cluster import Cluster, until

IN_POD = Path(__file__).with_name("in_pod.py")
ENDED = ("Succeeded", "Failed")
LET_IN_WITHIN = 60.0
"""Seconds after which whoever was not let in never will be."""
SHUT_OUT_AFTER = 15.0
"""Seconds that do where nobody is to be let in: new pods that are wait for one or two."""


def doing(*words: str) -> list[str]:
    """The command of a pod that does this, in the words of in_pod.py."""
    return ["python", "-c", IN_POD.read_text(), *words]


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
    except BaseException as error:  # its log goes with it
        log = cluster.kubectl("logs", name, "--namespace", namespace, check=False)
        error.add_note(f"the pod {name} saw:\n{log}")
        raise
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


def last_line(cluster: Cluster, namespace: str, name: str) -> str:
    """What a pod came to in the end, after all that it saw."""
    return ended_log(cluster, namespace, name).splitlines()[-1]


def reaches(
    cluster: Cluster,
    namespace: str,
    address: str,
    port: int,
    labels: Mapping[str, str],
    *,
    within: float = LET_IN_WITHIN,
) -> bool:
    """Whether a pod with these labels gets a connection within so many seconds."""
    pod = pod_document(
        "caller",
        cluster.images["serve"],
        doing("connect", address, str(port)),
        labels=labels,
        variables={"WAIT": f"{within:g}"},
    )
    with running(cluster, namespace, pod) as name:
        return last_line(cluster, namespace, name) == "open"


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
    command = doing("load", url, str(askers), str(pause))
    pod = pod_document("load", cluster.images["serve"], command)
    answers = Answers()
    with running(cluster, namespace, pod) as name:
        place = ("--namespace", namespace)
        cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=120s", *place)
        look = ("exec", name, *place, "--", "ls", "/tmp")
        until(lambda: "begun" in cluster.kubectl(*look, check=False), "the first answer")
        yield answers
        cluster.kubectl("exec", name, *place, "--", "touch", "/tmp/stop")
        said = json.loads(last_line(cluster, namespace, name))
        answers.asked, answers.failed = said["asked"], said["failed"]
        answers.seconds, answers.versions = said["seconds"], said["versions"]
