"""More pods come with more requests."""

import pytest
from support.kind.cluster import Cluster, until
from support.kind.pods import under_load
from support.kind.serving import NAME, NAMESPACE, PLACE, URL, Served

METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/kube-system/pods"
SECONDS_TO_COME = 120.0


def has_metrics(cluster: Cluster) -> bool:
    return '"usage"' in cluster.kubectl("get", "--raw", METRICS, check=False)


def test_the_load_brings_more_pods(served: Served) -> None:
    cluster = served.cluster
    try:
        until(lambda: has_metrics(cluster), "metrics", SECONDS_TO_COME, pause=5)
    except AssertionError:
        pytest.skip("this cluster has no metrics API (metrics.k8s.io)")
    served.upgrade(
        "autoscaling.enabled=true",
        "autoscaling.minReplicas=1",
        "autoscaling.maxReplicas=3",
        "autoscaling.targetCPUUtilizationPercentage=50",
    )

    def wanted() -> int:
        hpa = cluster.get("hpa", NAME, *PLACE)
        return int(hpa.get("status", {}).get("desiredReplicas", 0))

    try:
        with under_load(cluster, NAMESPACE, URL, askers=8, pause=0.0) as answers:
            until(lambda: wanted() == 3, "scaling to 3 pods", 600)
            until(lambda: len(served.pods) == 3, "a third pod", 120)
        answers.all_well()
    finally:
        # The number of pods is the autoscaler's now: helm must not claim it back, only bound it.
        served.upgrade("autoscaling.minReplicas=2", "autoscaling.maxReplicas=2")
