"""A version goes into production once every serving pod has written by it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.deploying import Namespace, meanwhile, production_unseen_by
from support.servers import publish, until

from components.contracts.errors import BadInputError
from components.deploy.__main__ import main
from components.deploy.errors import NotDeployedError
from components.registry import Registry

BAD = RuntimeError("its weights are not numbers")


def test_production_moves_once_every_pod_wrote(namespace: Namespace) -> None:
    for name in ("pod-a", "pod-b"):
        namespace.add_pod(name)
    report = namespace.deploy(2)
    assert namespace.points_to("production") == 2
    assert namespace.points_to("candidate") == 2
    assert (report.outcome, report.serving, report.production) == ("moved", "pods", 2)
    assert [pod.name for pod in report.pods] == ["pod-a", "pod-b"]
    for pod in report.pods:
        assert pod.ready
        assert pod.loaded
        assert pod.followed
        assert pod.post
        assert pod.problem is None
        assert pod.address == namespace.pods[pod.name].inference
    assert namespace.report() == report


def test_candidate_comes_first_and_production_waits_for_the_last_pod(namespace: Namespace) -> None:
    slow = threading.Event()
    namespace.add_pod("pod-a")
    namespace.add_pod("pod-b")
    namespace.engines["pod-b"].prepare = lambda engine: slow.wait(10) and None
    with ThreadPoolExecutor() as pool:
        deployment = pool.submit(namespace.deploy, 2)
        until(lambda: namespace.points_to("candidate") == 2)
        until(lambda: namespace.pods["pod-a"].ask("jane/2", prompt="").status_code == 200)
        time.sleep(1)
        assert namespace.points_to("production") == 1
        slow.set()
        assert deployment.result().outcome == "moved"


def test_a_bad_version_never_comes_into_production(namespace: Namespace) -> None:
    namespace.add_pod("pod-a")
    namespace.add_pod("pod-b")
    namespace.engines["pod-b"].error = BAD
    begun = time.monotonic()
    with pytest.raises(NotDeployedError, match="1 of 2 serving pods did not load version 2") as got:
        namespace.deploy(2, seconds=2)
    assert time.monotonic() - begun < 8
    assert "pod-b: it answers 503: jane@2 cannot be loaded" in str(got.value)
    assert namespace.points_to("production") == 1
    assert namespace.points_to("candidate") is None
    report = namespace.report()
    assert (report.outcome, report.production) == ("refused", 1)
    assert [pod.loaded for pod in report.pods] == [True, False]
    assert "cannot be loaded" in (report.pods[1].problem or "")
    assert report.problem == str(got.value)
    assert {
        pod.ask("jane", prompt="").json()["model_version"] for pod in namespace.pods.values()
    } == {"1"}


def test_the_first_version_of_a_persona(namespace: Namespace) -> None:
    registry = namespace.registry
    publish(registry, "ann", alias=None)
    namespace.add_pod("pod-a")
    words = ["--registry", registry.store.uri, "--name", "ann", "--version", "1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", namespace.environment["KUBECONFIG"])
        assert main(words) == 0
    alias = registry.alias("ann", "production")
    assert alias
    assert alias.version == 1


def test_a_pod_that_comes_meanwhile_must_write_too(namespace: Namespace) -> None:
    namespace.add_pod("pod-a")
    slow = threading.Event()
    namespace.engines["pod-a"].prepare = lambda engine: slow.wait(10) and None
    with ThreadPoolExecutor() as pool:
        deployment = pool.submit(namespace.deploy, 2)
        until(lambda: namespace.points_to("candidate") == 2)
        namespace.add_pod("pod-b")
        slow.set()
        report = deployment.result()
    assert [(pod.name, pod.followed) for pod in report.pods] == [("pod-a", True), ("pod-b", True)]


def test_a_pod_that_goes_is_waited_for_no_longer(namespace: Namespace) -> None:
    for name in ("pod-a", "pod-b", "pod-c"):
        namespace.add_pod(name)
    for name in ("pod-b", "pod-c"):
        namespace.engines[name].error = BAD

    def go() -> None:
        namespace.api.state.change_pod("pod-b", leaving=True)
        namespace.api.state.delete_pod("pod-c")

    with meanwhile(go, 1.0):
        report = namespace.deploy(2)
    assert namespace.points_to("production") == 2
    seen = {pod.name: (pod.ready, pod.followed) for pod in report.pods}
    assert seen == {"pod-a": (True, True), "pod-b": (False, False), "pod-c": (False, False)}


def test_a_pod_that_is_not_ready_is_not_asked(namespace: Namespace) -> None:
    namespace.add_pod("pod-a")
    namespace.api.state.add_pod("pod-b", "http://127.0.0.1:9", ready=False)
    assert [pod.name for pod in namespace.deploy(2).pods] == ["pod-a"]


def test_pods_of_which_none_gets_ready(namespace: Namespace) -> None:
    namespace.api.state.add_pod("pod-a", "http://127.0.0.1:9", ready=False)
    with pytest.raises(NotDeployedError, match=r"no serving pod was ready within 0\.5 s"):
        namespace.deploy(2, seconds=0.5)
    assert namespace.points_to("production") == 1


def test_a_pod_that_cannot_be_reached(namespace: Namespace) -> None:
    namespace.api.state.add_pod("pod-a", "http://127.0.0.1:9")
    with pytest.raises(NotDeployedError, match="pod-a: it cannot be asked: Connection refused"):
        namespace.deploy(2, seconds=0.5)


def test_pods_that_do_not_follow_make_production_go_back(namespace: Namespace) -> None:
    running = namespace.add_pod("pod-a")
    with (
        production_unseen_by(running),
        pytest.raises(NotDeployedError, match="1 of 1 serving pods did not follow production"),
    ):
        namespace.deploy(2, seconds=2)
    assert namespace.points_to("production") == 1
    alias = namespace.registry.alias("jane", "production")
    assert alias
    assert [(move.version, move.rollback) for move in alias.history] == [
        (1, False), (2, False), (1, True),
    ]  # fmt: skip
    report = namespace.report()
    assert (report.outcome, report.production) == ("moved back", 1)
    assert report.pods[0].loaded
    assert not report.pods[0].followed
    assert report.pods[0].problem == "it answers with version 1 of jane"


def test_production_that_somebody_moved_on_is_left_there(namespace: Namespace) -> None:
    publish(namespace.registry, alias=None)
    running = namespace.add_pod("pod-a")
    with production_unseen_by(running), ThreadPoolExecutor() as pool:
        deployment = pool.submit(namespace.deploy, 2)
        until(lambda: namespace.points_to("production") == 2)
        namespace.registry.move_alias("jane", "production", 3)
        report = deployment.result()
    assert (report.outcome, report.production) == ("moved", 3)
    assert namespace.points_to("production") == 3


def test_of_two_deployments_the_later_candidate_wins(namespace: Namespace) -> None:
    publish(namespace.registry, alias=None)
    namespace.add_pod("pod-a")
    slow = threading.Event()
    namespace.engines["pod-a"].prepare = lambda engine: slow.wait(10) and None
    with ThreadPoolExecutor() as pool:
        first = pool.submit(namespace.deploy, 2)
        until(lambda: namespace.points_to("candidate") == 2)
        second = pool.submit(namespace.deploy, 3)
        until(lambda: namespace.points_to("candidate") == 3)
        with pytest.raises(NotDeployedError, match="another deployment came between") as got:
            first.result()
        assert got.value.outcome == "overtaken"
        slow.set()
        assert second.result().production == 3
    assert namespace.points_to("production") == 3
    assert namespace.points_to("candidate") == 3


def test_two_deployments_of_the_same_version(namespace: Namespace) -> None:
    namespace.add_pod("pod-a")
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(namespace.deploy, 2) for _ in range(2)]
        assert [one.result().production for one in both] == [2, 2]


def test_without_pods_production_moves_at_once_and_it_says_so(
    namespace: Namespace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    report = namespace.deploy(2)
    assert (report.serving, report.production, report.pods) == ("none", 2, ())
    assert namespace.points_to("candidate") is None
    said = "no pod in the namespace serving has the label huggingtweets/role=serve"
    assert f"no serving ({said}): production of jane moved to version 2" in caplog.text


def test_pods_that_were_evicted_serve_nothing(namespace: Namespace) -> None:
    state = namespace.api.state
    state.add_pod("pod-a", "http://127.0.0.1:9")
    pod = state.get("serving", "pod-a")
    state.put("serving", pod | {"status": {"phase": "Failed", "reason": "Evicted"}})
    assert namespace.deploy(2).serving == "none"


def test_out_of_a_cluster_production_moves_and_it_says_so(
    namespace: Namespace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    namespace.environment = {}
    namespace.add_pod("pod-a")
    assert namespace.deploy(2).serving == "none"
    assert namespace.points_to("production") == 2
    assert not namespace.api.state.requests
    assert "no serving (no cluster is named)" in caplog.text


def test_a_guarded_serving_is_asked_with_its_tokens(namespace: Namespace) -> None:
    tokens = {"HUGGINGTWEETS_INFERENCE_TOKEN": "ask", "HUGGINGTWEETS_MANAGEMENT_TOKEN": "manage"}
    namespace.add_pod("pod-a", environment=tokens)
    with pytest.raises(NotDeployedError, match="it answers 401"):
        namespace.deploy(2, seconds=1)
    file = namespace.folder / "token"
    file.write_text("manage\n")
    namespace.environment |= tokens | {"HUGGINGTWEETS_MANAGEMENT_TOKEN_FILE": str(file)}
    del namespace.environment["HUGGINGTWEETS_MANAGEMENT_TOKEN"]
    (pod,) = namespace.deploy(2).pods
    assert (pod.state, pod.memory_bytes) == ("READY", 1000)


def test_what_cannot_be_deployed(namespace: Namespace, registry: Registry) -> None:
    with pytest.raises(BadInputError, match="jane has no version 7"):
        namespace.deploy(7)
    words = ["--registry", registry.store.uri, "--name", "jane", "--version", "two"]
    assert main(words) == 2
    namespace.environment |= {"HUGGINGTWEETS_INFERENCE_TOKEN_FILE": "/nowhere"}
    with pytest.raises(BadInputError, match="HUGGINGTWEETS_INFERENCE_TOKEN_FILE: cannot read"):
        namespace.deploy(2)
    assert namespace.points_to("candidate") is None
