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
from support.late_port import late_port
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


def doing(*words: str, **variables: str) -> "subprocess.Popen[str]":
    """What a pod would do, done here."""
    _, *command = pods.doing(*words)
    return subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True, env=variables
    )


def test_the_load_says_what_came_of_it(running: Running, tmp_path: Path) -> None:
    url = f"{running.inference}/predictions/jane"
    with doing("load", url, "2", "0.01", PLACE=str(tmp_path)) as load:
        until((tmp_path / "begun").exists, "the first answer")
        (tmp_path / "stop").touch()
        *saw, last = load.communicate(timeout=20)[0].splitlines()
    said = json.loads(last)
    assert any("first answer of version 1" in line for line in saw)
    assert said["asked"] >= 1
    assert said["failed"] == []
    assert set(said["versions"]) == {"1"}
    assert 0 <= said["versions"]["1"]["first"] <= said["versions"]["1"]["last"] <= said["seconds"]


def test_the_load_counts_what_failed(running: Running, tmp_path: Path) -> None:
    url = f"{running.inference}/predictions/nobody"
    with doing("load", url, "1", "0.01", PLACE=str(tmp_path)) as load:
        time.sleep(1)
        (tmp_path / "stop").touch()
        *saw, last = load.communicate(timeout=20)[0].splitlines()
    said = json.loads(last)
    assert any("404" in line for line in saw)
    answers = pods.Answers(said["asked"], said["failed"])
    with pytest.raises(AssertionError, match="404"):
        answers.all_well()


def last_line(process: "subprocess.Popen[str]") -> str:
    with process:
        return process.communicate(timeout=30)[0].splitlines()[-1]


def port_of(running: Running) -> int:
    return int(running.inference.rpartition(":")[2])


def test_the_caller_tells_an_open_port_from_a_closed_one(running: Running) -> None:
    port = str(port_of(running))
    assert last_line(doing("connect", "127.0.0.1", port)) == "open"
    assert last_line(doing("connect", "127.0.0.1", "9", WAIT="1")) == "closed"


def test_a_port_that_opens_late_is_waited_for(running: Running, tmp_path: Path) -> None:
    with late_port(port_of(running), 2) as port:
        assert last_line(doing("connect", "127.0.0.1", str(port))) == "open"
    url = "http://127.0.0.1:{}/predictions/jane"
    with late_port(port_of(running), 2) as port:
        answer = json.loads(last_line(doing("ask", url.format(port), '{"prompt": ""}')))
    assert answer["model"] == "jane"
    with late_port(port_of(running), 2) as port:
        load = doing("load", url.format(port), "2", "0.01", PLACE=str(tmp_path))
        until((tmp_path / "begun").exists, "the first answer")
        (tmp_path / "stop").touch()
        said = json.loads(last_line(load))
    assert said["failed"] == []


def test_what_a_pod_saw_is_told_where_a_test_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere, asked = cluster.Cluster("kubeconfig", {}), []

    def kubectl(*words: str, **more: Any) -> str:
        asked.append(words[0])
        return "it was refused" if words[0] == "logs" else "{}"

    monkeypatch.setattr(nowhere, "kubectl", kubectl)
    with (
        pytest.raises(AssertionError, match="no") as failed,
        pods.running(nowhere, "personas", pods.pod_document("caller", IMAGE, ["true"])),
    ):
        raise AssertionError("no")
    assert failed.value.__notes__ == ["the pod caller saw:\nit was refused"]
    assert asked == ["create", "logs", "delete"]


@pytest.mark.parametrize(("said", "has"), [('{"items": [{"usage": {}}]}', True), ("", False)])
def test_a_metrics_api_is_found_by_its_nodes(
    said: str, has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere, asked = cluster.Cluster("kubeconfig", {}), []
    monkeypatch.setattr(nowhere, "kubectl", lambda *words, **more: asked.append(words) or said)
    assert nowhere.has_metrics() is has
    assert asked == [("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes")]
