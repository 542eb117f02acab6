"""The autoscaler and helm share the number of pods: on a server that knows who owns what."""

from typing import Any

import pytest
from support.helm import CHARTS, WHEELS
from support.helm_api import HelmApi

NAME = "words-huggingtweets-serving"
ON, OFF = "autoscaling.enabled=true", "autoscaling.enabled=false"


class Release:
    def __init__(self, api: HelmApi, major: str) -> None:
        self.api, self.major = api, major
        self.set("replicaCount=2", verb="install")

    def set(self, *values: str, verb: str = "upgrade", more: tuple[str, ...] = ()) -> str:
        chart = str(CHARTS / "huggingtweets-serving")
        return self.api.helm(self.major, verb, "words", chart, "--set", ",".join(values), *more)

    @property
    def pods(self) -> int:
        deployment = self.api.get("Deployment", NAME)
        assert deployment
        return int(deployment["spec"]["replicas"])

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Those of the autoscaler; None where there is none."""
        scaler = self.api.get("HorizontalPodAutoscaler", NAME)
        return scaler and (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"])


@pytest.fixture(params=WHEELS)
def release(api: HelmApi, request: pytest.FixtureRequest) -> Release:
    return Release(api, request.param)


def test_turned_on_it_begins_with_the_pods_that_are_there(release: Release) -> None:
    release.set("replicaCount=3", OFF)
    release.set(ON)
    assert (release.pods, release.bounds) == (3, (1, 5))
    release.set(ON, "autoscaling.maxReplicas=8")
    assert (release.pods, release.bounds) == (3, (1, 8))


def test_what_it_scaled_stays_so_through_upgrades(release: Release) -> None:
    release.set(ON)
    for pods in (4, 5, 3):
        release.api.scale(NAME, pods)
        release.set(ON, f"podLabels.turn=t{pods}")
        assert release.pods == pods


def test_off_and_on_again(release: Release) -> None:
    release.set(ON)
    release.api.scale(NAME, 4)
    release.set(OFF, "replicaCount=2")
    if release.bounds:
        assert release.bounds == (2, 2)
        release.api.scale(NAME, 2)
        release.set(OFF, "replicaCount=2")
    assert (release.pods, release.bounds) == (2, None)
    release.set(ON, "replicaCount=2")
    assert (release.pods, release.bounds) == (2, (1, 5))
    release.api.scale(NAME, 3)
    release.set(ON)
    assert release.pods == 3


def test_on_again_before_the_number_came_down(release: Release) -> None:
    release.set(ON)
    release.api.scale(NAME, 4)
    release.set(OFF, "replicaCount=1")
    if release.major == "4":
        assert release.pods == 4
    now = release.pods
    release.set(ON, "autoscaling.minReplicas=2")
    assert (release.pods, release.bounds) == (now, (2, 5))


def test_a_deployment_without_pods_gets_some(release: Release) -> None:
    """An autoscaler leaves a Deployment of no pods alone."""
    release.set("replicaCount=0")
    release.set(ON, "autoscaling.minReplicas=2")
    assert release.pods == 2


def test_the_notes_say_that_it_still_holds_the_number(api: HelmApi) -> None:
    release = Release(api, "4")
    release.set(ON)
    api.scale(NAME, 4)
    assert "holds it there" in release.set(OFF, "replicaCount=2")
    api.scale(NAME, 2)
    assert "holds it there" not in release.set(OFF, "replicaCount=2")


def test_no_pods_at_all_is_not_what_an_autoscaler_can_hold(api: HelmApi) -> None:
    release = Release(api, "4")
    release.set(ON)
    api.scale(NAME, 4)
    advice = rf"kubectl scale --namespace personas deployment/{NAME} --replicas=0"
    with pytest.raises(AssertionError, match=advice):
        release.set(OFF, "replicaCount=0")
    api.scale(NAME, 0, manager="kubectl")
    release.set(OFF, "replicaCount=0")
    assert (release.pods, release.bounds) == (0, None)


def test_the_server_would_put_back_what_is_written_no_more(api: HelmApi) -> None:
    """The stand-in does what makes this hard: a value left out, and one of another's."""
    release = Release(api, "4")
    key = ("personas", "Deployment", NAME)
    owned = api.objects[key]
    [helm] = [owner for owner in owned.owners if owner.operation == "Apply"]
    said: Any = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3}}
    api.scale(NAME, 4)
    with pytest.raises(AssertionError, match=r"kube-controller-manager.*spec\.replicas"):
        release.set(OFF, "replicaCount=3")
    api.apply(key, helm, said, force=True)
    said["spec"] = {}
    assert api.apply(key, helm, said, force=False)["spec"]["replicas"] == 1
