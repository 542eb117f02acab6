"""More pods come with more requests."""

import pytest
from support.kind.cluster import until
from support.kind.pods import under_load
from support.kind.serving import NAME, NAMESPACE, PLACE, URL, Served

SECONDS_TO_COME = 120.0


def test_the_load_brings_more_pods(served: Served) -> None:
    cluster = served.cluster
    try:
        until(cluster.has_metrics, "metrics", SECONDS_TO_COME, pause=5)
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
