"""The serving goes on while everything around it changes."""

import time

from support.kind.pods import under_load
from support.kind.serving import NAMESPACE, PLACE, PODS, RELEASE, URL, Served, is_ready

AWAY_SECONDS = 60.0
QUIET_SECONDS = 15.0


def test_an_upgrade_drops_no_request(served: Served) -> None:
    before = {pod["metadata"]["uid"] for pod in served.pods}
    with under_load(served.cluster, NAMESPACE, URL) as answers:
        served.upgrade("podAnnotations.upgraded=yes")
        time.sleep(5)
    answers.all_well()
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in served.pods)


def test_scaling_down_and_up_drops_no_request(served: Served) -> None:
    with under_load(served.cluster, NAMESPACE, URL) as answers:
        served.upgrade("replicaCount=1")
        served.upgrade("replicaCount=2")
    answers.all_well()
    assert len(served.pods) == 2


def test_helm_test_writes_a_post(served: Served) -> None:
    log = served.cluster.helm("test", RELEASE, *PLACE, "--logs", "--timeout", "5m")
    assert "My dream is" in log


def test_a_pod_that_is_deleted_is_replaced_and_drops_no_request(served: Served) -> None:
    gone = served.pods[0]["metadata"]["name"]
    with under_load(served.cluster, NAMESPACE, URL) as answers:
        served.cluster.kubectl("delete", "pod", gone, *PLACE)
        served.settled()
    answers.all_well()
    assert gone not in [pod["metadata"]["name"] for pod in served.pods]


def test_a_pod_that_is_killed_is_replaced(served: Served) -> None:
    """Only what it was writing, or was sent before the routes changed, is lost."""
    gone = served.pods[0]["metadata"]["name"]
    with under_load(served.cluster, NAMESPACE, URL) as answers:
        served.cluster.kubectl("delete", "pod", gone, *PLACE, "--force", "--grace-period=0")
        served.settled()
        time.sleep(QUIET_SECONDS)
    late = [one for one in answers.failed if one[0] > answers.seconds - QUIET_SECONDS]
    assert not late, f"{len(late)} requests failed after the pod was replaced: {late[:3]}"
    assert len(answers.failed) < answers.asked / 10


def test_the_registry_may_be_away_for_a_minute(served: Served) -> None:
    cluster = served.cluster
    store = ("statefulset/store", *PLACE)
    with under_load(cluster, NAMESPACE, URL) as answers:
        cluster.kubectl("scale", *store, "--replicas=0")
        cluster.kubectl("wait", "pod/store-0", *PLACE, "--for=delete", "--timeout=120s")
        time.sleep(AWAY_SECONDS)
        assert all(is_ready(pod) for pod in served.pods)
        cluster.kubectl("scale", *store, "--replicas=1")
        cluster.kubectl("rollout", "status", *store, "--timeout=300s")
    served.forward()
    answers.all_well()
    logs = cluster.kubectl("logs", "--selector", PODS, *PLACE, "--tail=-1", "--since=10m")
    assert "the registry is away" in logs
    version = served.publish()
    assert served.deploy(version).outcome == "moved"
