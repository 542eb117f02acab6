"""Who may come in, and what may run."""

from typing import Any

import pytest
from support.kind.cluster import Cluster, until
from support.kind.pods import (
    LET_IN_WITHIN,
    SHUT_OUT_AFTER,
    doing,
    pod_document,
    reaches,
    running,
)
from support.kind.serving import NAMESPACE, PLACE, Served

STRANGERS = "huggingtweets-strangers"
REQUESTS, MANAGEMENT, METRICS = 8080, 8081, 8082
DEPLOY = {"huggingtweets/role": "deploy"}
DENIED = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "nobody"},
    "spec": {"podSelector": {"matchLabels": {"app": "listener"}}, "policyTypes": ["Ingress"]},
}


@pytest.fixture(scope="module")
def strangers(cluster: Cluster) -> str:
    cluster.make_namespace(STRANGERS)
    cluster.kubectl("create", "namespace", STRANGERS)
    return STRANGERS


@pytest.fixture(scope="module")
def enforced(cluster: Cluster, strangers: str) -> None:
    """Skip where the cluster's network lets through what a policy denies."""
    pod = pod_document("listener", cluster.images["serve"], doing("listen", "8000"))
    with running(cluster, strangers, pod) as name:
        place = ("--namespace", strangers)
        cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=120s", *place)
        address = cluster.get("pod", name, *place)["status"]["podIP"]
        assert reaches(cluster, strangers, address, 8000, {}), "pods cannot reach each other"
        cluster.create(DENIED, strangers)
        try:
            until(lambda: not reaches(cluster, strangers, address, 8000, {}, within=2), "", 60)
        except AssertionError:
            pytest.skip("the network plugin of this cluster enforces no NetworkPolicy")


@pytest.fixture(scope="module")
def address(served: Served, strangers: str) -> str:
    """A serving pod; the namespace of the strangers may read metrics."""
    served.upgrade(
        rf"networkPolicy.monitoringNamespaceLabels.kubernetes\.io/metadata\.name={strangers}"
    )
    return str(served.pods[0]["status"]["podIP"])


@pytest.mark.parametrize(
    ("inside", "labels", "port", "let_in"),
    [
        (True, {}, REQUESTS, True),
        (True, {}, MANAGEMENT, False),
        (True, {}, METRICS, False),
        (True, DEPLOY, MANAGEMENT, True),
        (False, {}, REQUESTS, False),
        (False, {}, MANAGEMENT, False),
        (False, {}, METRICS, True),
        (False, DEPLOY, REQUESTS, True),
        (False, DEPLOY, MANAGEMENT, True),
    ],
)
@pytest.mark.usefixtures("enforced")
def test_only_those_come_in_who_need_to(
    cluster: Cluster, address: str, inside: bool, labels: dict[str, str], port: int, let_in: bool
) -> None:
    namespace = NAMESPACE if inside else STRANGERS
    within = LET_IN_WITHIN if let_in else SHUT_OUT_AFTER
    assert reaches(cluster, namespace, address, port, labels, within=within) is let_in


def test_what_the_restricted_standard_forbids_does_not_run(served: Served) -> None:
    pod: dict[str, Any] = pod_document("root", served.cluster.images["serve"], ["true"])
    pod["spec"]["securityContext"] = {"runAsUser": 0}
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        served.cluster.create(pod, NAMESPACE)


def test_the_serving_runs_as_restricted_as_it_can(served: Served) -> None:
    name = served.pods[0]["metadata"]["name"]
    look = "import os; print(os.getuid()); open('/opt/x', 'w')"
    words = ("exec", name, *PLACE, "--", "python", "-c", look)
    with pytest.raises(AssertionError, match="Read-only file system"):
        served.cluster.kubectl(*words)
    assert served.cluster.kubectl(*words, check=False).strip() == "10001"
    secrets = "import os; print(os.path.exists('/var/run/secrets/kubernetes.io'))"
    said = served.cluster.kubectl("exec", name, *PLACE, "--", "python", "-c", secrets)
    assert said.strip() == "False"
