"""What the tests in a cluster are made of, as far as it needs none."""

import copy
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fake_engine import FakeEngines
from support.kind import cluster, pods, serving, tools
from support.manifests import check
from support.servers import Running, publish, until
from support.servers import serving as server_of

from components.contracts.images import Image, Images
from components.registry import Registry

IMAGE = "huggingtweets/serve:dev"


def restricted(pod: Any) -> bool:
    """Whether a pod keeps the restricted Pod Security standard, as far as ours differ in it."""
    spec = pod["spec"]
    context = spec.get("securityContext", {})
    own = [container["securityContext"] for container in spec["containers"]]
    return (
        context.get("runAsNonRoot") is True
        and context.get("seccompProfile") == {"type": "RuntimeDefault"}
        and all(one.get("allowPrivilegeEscalation") is False for one in own)
        and all(one.get("capabilities") == {"drop": ["ALL"]} for one in own)
    )


def test_its_pods_are_valid_and_restricted() -> None:
    pod = pods.pod_document("load", IMAGE, ["true"], labels={"a": "b"}, variables={"URL": "x"})
    job = serving.deploy_job("huggingtweets/cpu:dev", 7, "--serving-timeout", "45")
    check(pod)
    check(job)
    template = job["spec"]["template"]
    assert restricted(pod)
    assert restricted(template)
    loose = copy.deepcopy(pod)
    del loose["spec"]["securityContext"]["seccompProfile"]
    assert not restricted(loose)
    assert template["metadata"]["labels"] == {"huggingtweets/role": "deploy"}
    [container] = template["spec"]["containers"]
    assert container["image"] == "huggingtweets/cpu:dev"
    assert container["args"][-4:] == ["--version", "7", "--serving-timeout", "45"]


def test_no_pods_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """`kubectl get --ignore-not-found` writes nothing at all where no pod has the labels."""
    nowhere = cluster.Cluster("kubeconfig", {})
    monkeypatch.setattr(nowhere, "kubectl", lambda *words: "")
    assert nowhere.pods("personas", "a=b") == []
    assert nowhere.get("pod", "none") is None


def test_references_are_parted_as_the_charts_put_them_together() -> None:
    for reference in (IMAGE, "host:5000/a/b:tag", f"host/a@sha256:{'0' * 64}"):
        repository, tag = tools.parted(tools.with_tag(reference))
        assert f"{repository}:{tag}" == reference
    assert tools.with_tag("host:5000/a") == "host:5000/a:latest"


def test_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def only(*names: str) -> None:
        monkeypatch.setattr(tools.shutil, "which", lambda name: name if name in names else None)

    only("kubectl")
    assert str(tools.why_missing()).endswith("not on the PATH: docker, kind, helm")
    monkeypatch.setattr(tools, "GIVEN", "kubeconfig")
    assert str(tools.why_missing()).endswith("not on the PATH: helm")
    only("kubectl", "helm")
    assert "HUGGINGTWEETS_IMAGE_CPU" in str(tools.why_missing())
    monkeypatch.setattr(tools, "NAMED", dict.fromkeys(tools.TARGETS, IMAGE))
    assert tools.why_missing() is None
    assert tools.images() == dict.fromkeys(tools.TARGETS, IMAGE)
    monkeypatch.setattr(tools, "NAMED", {})
    monkeypatch.setattr(tools, "ROOT", tmp_path)
    with pytest.raises(FileNotFoundError):
        tools.images()
    (tmp_path / "build").mkdir()
    made = {target: Image(name=f"x/{target}", tag="1") for target in tools.TARGETS}
    Images(images=made).write(tmp_path / "build" / "images.json")
    assert tools.images()["store"] == "x/store:1"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "registry").mkdir()
    registry = Registry.open(str(tmp_path / "registry"))
    publish(registry)
    with server_of(registry, tmp_path / "cache", FakeEngines()) as server:
        yield server


def python(*words: str, **variables: str) -> "subprocess.Popen[str]":
    command = [sys.executable, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables)


def test_the_load_says_what_came_of_it(running: Running, tmp_path: Path) -> None:
    url = f"{running.inference}/predictions/jane"
    place = {"ASKERS": "2", "PAUSE": "0.01", "PLACE": str(tmp_path)}
    with python(str(pods.LOAD), URL=url, **place) as load:
        until((tmp_path / "begun").exists, "the first answer")
        (tmp_path / "stop").touch()
        said = json.loads(load.communicate(timeout=20)[0])
    assert said["asked"] >= 1
    assert said["failed"] == []
    assert set(said["versions"]) == {"1"}
    assert 0 <= said["versions"]["1"]["first"] <= said["versions"]["1"]["last"] <= said["seconds"]


def test_the_load_counts_what_failed(running: Running, tmp_path: Path) -> None:
    url = f"{running.inference}/predictions/nobody"
    with python(str(pods.LOAD), URL=url, ASKERS="1", PAUSE="0.01", PLACE=str(tmp_path)) as load:
        time.sleep(1)
        (tmp_path / "stop").touch()
        said = json.loads(load.communicate(timeout=20)[0])
    answers = pods.Answers(said["asked"], said["failed"])
    with pytest.raises(AssertionError, match="404"):
        answers.all_well()


def test_the_caller_tells_an_open_port_from_a_closed_one(running: Running) -> None:
    port = running.inference.rpartition(":")[2]
    with python("-c", pods.CONNECT, "127.0.0.1", port) as caller:
        assert caller.communicate(timeout=20)[0].strip() == "open"
    with python("-c", pods.CONNECT, "127.0.0.1", "9") as caller:
        assert caller.communicate(timeout=20)[0].strip() == "closed"
