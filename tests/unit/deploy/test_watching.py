"""What Kubernetes may do to whoever watches."""

import os
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import kubernetes
import pytest
from support.deploying import Namespace, production_unseen_by
from support.kubernetes_api import KubernetesApi, kubernetes_api
from support.servers import until

from components.contracts.errors import BadInputError
from components.deploy import watching
from components.deploy.cluster import Cluster
from components.deploy.watching import Watching
from components.runtime.cluster import ClusterError

POD = "http://10.0.0.1:8080"


def cluster(api: KubernetesApi, folder: Path) -> Cluster:
    found = Cluster.here({"KUBECONFIG": api.kubeconfig(folder)}, None)
    assert found
    return found


def watch(api: KubernetesApi, folder: Path) -> Watching:
    return Watching(cluster(api, folder), "huggingtweets/role=serve")


def names(there: Watching) -> list[str]:
    return [pod.name for pod in there.ready]


def watches(api: KubernetesApi) -> list[str]:
    return [line for line in api.state.requests if "watch=True" in line]


def asked(api: KubernetesApi, what: str) -> int:
    watched = len(watches(api))
    return watched if what == "watch" else len(api.state.requests) - watched


def test_pods_come_change_and_go(api: KubernetesApi, tmp_path: Path) -> None:
    api.state.add_pod("one", POD)
    with watch(api, tmp_path) as there:
        assert names(there) == ["one"]
        api.state.add_pod("two", POD)
        until(lambda: names(there) == ["one", "two"])
        api.state.change_pod("two", ready=False)
        until(lambda: names(there) == ["one"])
        api.state.delete_pod("one")
        until(lambda: [pod.name for pod in there.pods] == ["two"])
    assert (asked(api, "list"), asked(api, "watch")) == (1, 1)


def test_a_pod_that_broke_and_came_back_is_another(api: KubernetesApi, tmp_path: Path) -> None:
    api.state.add_pod("one", POD)
    with watch(api, tmp_path) as there:
        (before,) = there.ready
        api.state.change_pod("one", ready=False)
        api.state.change_pod("one")
        until(lambda: there.ready and there.ready != [before])
        assert there.ready[0].uid == before.uid


def test_a_torn_watch_goes_on_from_where_it_was(api: KubernetesApi, tmp_path: Path) -> None:
    with watch(api, tmp_path) as there:
        api.state.add_pod("one", POD)
        until(lambda: names(there) == ["one"])
        api.state.cut_watches()
        api.state.add_pod("two", POD)
        until(lambda: names(there) == ["one", "two"])
        until(lambda: there.trouble is None)
    assert asked(api, "list") == 1


def test_a_version_that_is_gone_lists_anew(api: KubernetesApi, tmp_path: Path) -> None:
    with watch(api, tmp_path) as there:
        api.state.forbidden.add("watch")
        api.state.cut_watches()
        until(lambda: there.trouble)
        api.state.add_pod("one", POD)
        api.state.compact()
        api.state.forbidden.clear()
        until(lambda: names(there) == ["one"])
    assert asked(api, "list") == 2


def test_a_bookmark_spares_the_listing(
    api: KubernetesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "WATCH_SECONDS", 1)
    with watch(api, tmp_path) as there:
        api.state.bookmark()
        newest = f"resourceVersion={api.state.version}"
        until(lambda: any(newest in line.split("&") for line in watches(api)))
        api.state.oldest = api.state.version
        api.state.cut_watches()
        api.state.add_pod("one", POD)
        until(lambda: names(there) == ["one"])
    assert asked(api, "list") == 1


def test_a_watch_that_ends_begins_anew(
    api: KubernetesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "WATCH_SECONDS", 1)
    with watch(api, tmp_path) as there:
        until(lambda: asked(api, "watch") == 3)
        api.state.add_pod("one", POD)
        until(lambda: names(there) == ["one"])
    assert asked(api, "list") == 1


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_the_rule_that_is_missing_is_named(namespace: Namespace, verb: str) -> None:
    namespace.api.state.forbidden.add(verb)
    with pytest.raises(BadInputError) as got:
        namespace.deploy(2)
    said = str(got.value)
    assert f"may not {verb} the serving pods in the namespace serving" in said
    assert 'User "system:serviceaccount:team:deploy" cannot' in said
    assert '{apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"]}' in said
    assert namespace.points_to("candidate") is None
    assert namespace.points_to("production") == 1


def test_a_wrong_token_and_a_wrong_selector(api: KubernetesApi, tmp_path: Path) -> None:
    api.kubeconfig(tmp_path, token="another")
    found = Cluster.here({"KUBECONFIG": str(tmp_path / "kubeconfig")}, None)
    assert found
    with pytest.raises(ClusterError, match="does not know this pod's token"), Watching(found, "a"):
        pass
    wrong = Watching(cluster(api, tmp_path), "role is serve")
    with pytest.raises(ClusterError, match="unable to parse requirement"), wrong:
        pass


def test_a_server_in_trouble_is_asked_again(api: KubernetesApi, tmp_path: Path) -> None:
    api.state.failures += [500, 503, 429]
    api.state.add_pod("one", POD)
    with watch(api, tmp_path) as there:
        assert names(there) == ["one"]


def test_a_server_that_stays_in_trouble_is_given_up(
    api: KubernetesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "OUTAGE_SECONDS", 0.5)
    api.state.add_pod("one", POD)
    with watch(api, tmp_path) as there:
        api.state.forbidden.add("watch")
        api.state.cut_watches()
        until(lambda: "given up after 0.5 s" in str(there.trouble))
        tries = asked(api, "watch")
        assert 3 <= tries <= 6
        api.state.forbidden.clear()
        time.sleep(1.5)
        assert asked(api, "watch") == tries
        assert names(there) == ["one"]


def test_a_watch_that_breaks_again_and_again_after_it_worked_is_never_given_up(
    api: KubernetesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "STEADY_SECONDS", 0.1)
    monkeypatch.setattr(watching, "OUTAGE_SECONDS", 0.5)
    with watch(api, tmp_path) as there:
        for _ in range(4):
            time.sleep(0.3)
            before = asked(api, "watch")
            api.state.cut_watches()
            until(lambda before=before: asked(api, "watch") > before)
        api.state.add_pod("one", POD)
        until(lambda: names(there) == ["one"])


def test_nobody_there(api: KubernetesApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "OPEN_SECONDS", 0.5)
    api.url = "http://127.0.0.1:9"
    with pytest.raises(ClusterError, match="127.0.0.1:9 cannot be asked: Connection refused"):
        watch(api, tmp_path).__enter__()


def test_while_the_view_is_old_nothing_is_concluded(namespace: Namespace) -> None:
    namespace.add_pod("pod-a")
    slow = threading.Event()
    namespace.engines["pod-a"].prepare = lambda engine: slow.wait(10) and None
    state = namespace.api.state
    with ThreadPoolExecutor() as pool:
        deployment = pool.submit(namespace.deploy, 2)
        until(lambda: namespace.points_to("candidate") == 2)
        state.forbidden.add("watch")
        state.cut_watches()
        slow.set()
        until(lambda: namespace.pods["pod-a"].ask("jane/2", prompt="").status_code == 200)
        time.sleep(1)
        assert namespace.points_to("production") == 1
        state.forbidden.clear()
        assert deployment.result().outcome == "moved"


def test_what_is_known_must_do_when_the_view_stays_old(namespace: Namespace) -> None:
    running = namespace.add_pod("pod-a")
    state = namespace.api.state
    with ThreadPoolExecutor() as pool, ExitStack() as held:
        held.enter_context(production_unseen_by(running))
        deployment = pool.submit(namespace.deploy, 2, seconds=4)
        until(lambda: namespace.points_to("production") == 2)
        state.forbidden.add("watch")
        state.cut_watches()
        held.close()
        assert deployment.result().outcome == "moved"
    assert namespace.points_to("production") == 2


@pytest.fixture
def in_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesApi]:
    """A pod's own way to the API: TLS, a token and a namespace in files."""
    certificate, key = str(tmp_path / "ca.crt"), str(tmp_path / "key")
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kubernetes"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with kubernetes_api(context) as server:
        (tmp_path / "token").write_text(server.state.token)
        (tmp_path / "namespace").write_text("serving")
        own = kubernetes.config.incluster_config
        monkeypatch.setattr(own, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
        monkeypatch.setattr(own, "SERVICE_CERT_FILENAME", certificate)
        monkeypatch.setattr("components.runtime.cluster.NAMESPACE_FILE", tmp_path / "namespace")
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        monkeypatch.delenv("KUBECONFIG", raising=False)
        yield server


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_pod_asks_by_its_service_account(in_a_pod: KubernetesApi) -> None:
    in_a_pod.state.add_pod("one", POD)
    found = Cluster.here(os.environ, None)
    assert found
    assert (found.namespace, found.host) == ("serving", in_a_pod.url)
    with Watching(found, "huggingtweets/role=serve") as there:
        assert names(there) == ["one"]
        in_a_pod.state.add_pod("two", POD)
        until(lambda: names(there) == ["one", "two"])
    other = Cluster.here(os.environ, "elsewhere")
    assert other
    with Watching(other, "huggingtweets/role=serve") as there:
        assert names(there) == []


def test_a_cluster_is_named_by_kubeconfig_or_by_the_pod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Cluster.here({}, None) is None
    with pytest.raises(ClusterError, match="nowhere"):
        Cluster.here({"KUBECONFIG": str(tmp_path / "nowhere")}, None)
    with pytest.raises(ClusterError, match="this pod's service account"):
        Cluster.here({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, None)
