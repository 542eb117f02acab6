"""kubectl and helm, and the cluster that they speak to."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.kind import tools

NAME = "huggingtweets-tests"
METRICS_SERVER = (
    "https://github.com/kubernetes-sigs/metrics-server/releases/download/v0.7.2/components.yaml"
)
INSECURE = json.dumps(
    [
        {
            "op": "add",
            "path": "/spec/template/spec/containers/0/args/-",
            "value": "--kubelet-insecure-tls",
        }
    ]
)
METRICS = "/apis/metrics.k8s.io/v1beta1/nodes"
PATIENCE = 300.0
KUBEFLOW_RUNS = "kubeflow"
"""The namespace in which a standalone Kubeflow Pipelines runs its steps."""


def run(
    words: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    given: str | None = None,
    timeout: float = PATIENCE,
    check: bool = True,
) -> str:
    """What a command writes to its standard output.

    Raises:
        AssertionError: it failed; with what it wrote.
    """
    done = subprocess.run(
        words, input=given, env=environment, capture_output=True, text=True, timeout=timeout,
        cwd=tools.ROOT, check=False,
    )  # fmt: skip
    if check and done.returncode:
        line = " ".join(words)
        raise AssertionError(f"exit code {done.returncode}: {line}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Cluster:
    """A cluster that answers to a kubeconfig."""

    def __init__(self, kubeconfig: str, images: Mapping[str, str]) -> None:
        self.kubeconfig, self.images = kubeconfig, images
        self.environment = {**os.environ, "KUBECONFIG": kubeconfig}
        self.namespaces: list[str] = []
        """Those that the tests made, or had made."""

    def kubectl(self, *words: str, **more: Any) -> str:
        return run(["kubectl", *words], environment=self.environment, **more)

    def helm(self, *words: str, **more: Any) -> str:
        return run(["helm", *words], environment=self.environment, **more)

    def get(self, *words: str) -> Any:
        """What `kubectl get` says, as a document; None where there is nothing."""
        said = self.kubectl("get", *words, "--output", "json", "--ignore-not-found")
        return json.loads(said) if said.strip() else None

    def has_metrics(self) -> bool:
        """Whether there is a metrics API that has measured: of a node, which each cluster has."""
        return '"usage"' in self.kubectl("get", "--raw", METRICS, check=False)

    def create(self, document: Mapping[str, Any], namespace: str) -> Any:
        words = ("create", "--namespace", namespace, "--filename", "-", "--output", "json")
        return json.loads(self.kubectl(*words, given=json.dumps(document)))

    def make_namespace(self, name: str) -> None:
        assert self.get("namespace", name) is None, (
            f"the cluster has a namespace {name} already; delete it, or take another cluster"
        )
        self.namespaces.append(name)

    def pods(self, namespace: str, selector: str) -> list[Any]:
        """The pods with these labels that are not about to go, by name."""
        found = self.get("pods", "--namespace", namespace, "--selector", selector)
        listed = found["items"] if found else []
        staying = [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]
        return sorted(staying, key=lambda pod: str(pod["metadata"]["name"]))


def until(
    condition: Callable[[], Any], what: str, seconds: float = PATIENCE, pause: float = 2.0
) -> Any:
    """Wait until `condition` gives something true, and return that."""
    end = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        assert time.monotonic() < end, f"{what} did not happen within {seconds:g} s"
        time.sleep(pause)


@contextmanager
def a_cluster() -> Iterator[Cluster]:
    """The cluster that KUBECONFIG names, or one made by kind and taken down in the end."""
    images = tools.images()
    if tools.GIVEN:
        cluster = Cluster(tools.GIVEN, images)
        cluster.kubectl("version")
        yield cluster
        if not tools.KEEP:
            for name in cluster.namespaces:
                cluster.kubectl("delete", "namespace", name, "--ignore-not-found")
        return
    tools.BUILD.mkdir(parents=True, exist_ok=True)
    kubeconfig = str(tools.BUILD / "kubeconfig")
    kind = ("--name", NAME)
    run(["kind", "delete", "cluster", *kind], check=False)
    words = ["kind", "create", "cluster", *kind, "--kubeconfig", kubeconfig, "--wait", "5m"]
    run(words, timeout=900)
    try:
        for image in sorted(set(images.values())):
            run(["kind", "load", "docker-image", image, *kind], timeout=1800)
        cluster = Cluster(kubeconfig, images)
        add_metrics(cluster)
        yield cluster
    finally:
        if not tools.KEEP:
            run(["kind", "delete", "cluster", *kind], check=False)


def add_metrics(cluster: Cluster) -> None:
    """Install the metrics server where it can be had; without it, what needs it is skipped."""
    try:
        cluster.kubectl("apply", "--filename", METRICS_SERVER, timeout=60)
    except (AssertionError, subprocess.TimeoutExpired):
        return
    place = ("--namespace", "kube-system", "deployment/metrics-server")
    cluster.kubectl("patch", *place, "--type", "json", "--patch", INSECURE)


def write_failures(cluster: Cluster, folder: Path) -> None:
    """All that may explain a failure: what there is, events, descriptions, logs."""
    folder.mkdir(parents=True, exist_ok=True)
    looked_at = [*cluster.namespaces, *([KUBEFLOW_RUNS] if tools.KUBEFLOW else [])]
    for namespace in looked_at:
        place = ("--namespace", namespace)
        texts = {
            "objects": ("get", "all,networkpolicies,pvc", "--output", "wide", *place),
            "events": ("get", "events", "--sort-by", ".lastTimestamp", *place),
            "descriptions": ("describe", "pods", *place),
        }
        for name, words in texts.items():
            text = cluster.kubectl(*words, check=False)
            (folder / f"{namespace}-{name}.txt").write_text(text)
        listed = cluster.kubectl("get", "pods", "--output", "name", *place, check=False).split()
        for pod in listed:
            for suffix, previous in (("", ()), ("-before", ("--previous",))):
                words = ("logs", pod, "--all-containers", "--tail", "2000", *previous, *place)
                if text := cluster.kubectl(*words, check=False):
                    (folder / f"{namespace}-{pod.replace('/', '-')}{suffix}.log").write_text(text)
