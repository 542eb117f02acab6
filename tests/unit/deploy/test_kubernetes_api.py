"""The stand-in for the Kubernetes API refuses what the real one refuses."""

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kubernetes
import pytest
import requests
from support.kubernetes_api import KubernetesApi
from support.kubernetes_api_state import pod_document

POD = pod_document("pod", "10.0.0.1", {"http": 8080})
ALL = "/api/v1/namespaces/serving/pods"


class Client:
    def __init__(self, api: KubernetesApi) -> None:
        self.api = api

    def __call__(self, method: str, path: str = ALL, **more: Any) -> requests.Response:
        more = {"headers": {"Authorization": "Bearer a-token"}, "timeout": 5} | more
        return requests.request(method, self.api.url + path, **more)

    def refused(self, method: str, path: str = ALL, **more: Any) -> tuple[int, str]:
        answer = self(method, path, **more)
        status = answer.json()
        assert (status["kind"], status["code"]) == ("Status", answer.status_code)
        return answer.status_code, status["message"]

    def watch(self, version: int, **query: Any) -> Iterator[Any]:
        query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": 1} | query
        with self("GET", params=query, stream=True) as answer:
            for line in answer.iter_lines():
                yield json.loads(line)


@contextmanager
def later(act: Callable[[], None]) -> Iterator[None]:
    timer = threading.Timer(0.3, act)
    timer.start()
    yield
    timer.join()


@pytest.fixture
def client(api: KubernetesApi) -> Client:
    return Client(api)


def test_nobody_is_heard_without_the_token(client: Client) -> None:
    for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": "a-token"}):
        assert client.refused("GET", headers=headers) == (401, "Unauthorized")


def test_a_verb_that_no_role_gives_is_forbidden(client: Client) -> None:
    client.api.state.forbidden.add("watch")
    assert client("GET").status_code == 200
    status, message = client.refused("GET", params={"watch": "true"})
    assert status == 403
    assert 'cannot watch resource "pods" in API group "" in the namespace "serving"' in message


def test_unknown_fields_are_refused(client: Client) -> None:
    pod = copy.deepcopy(POD)
    pod["spec"]["replicaCount"] = 1
    status, message = client.refused("POST", json=pod)
    assert status == 400
    assert "replicaCount" in message
    assert client.refused("GET", params={"labels": "a=b"})[0] == 400
    assert client.refused("GET", "/api/v1/namespaces/serving/podds")[0] == 404


def test_selectors_that_are_none_are_refused(client: Client) -> None:
    assert client.refused("GET", params={"labelSelector": "a is b"})[0] == 400


def test_writing_over_a_newer_object_is_a_conflict(client: Client) -> None:
    first = client("POST", json=POD).json()
    assert client.refused("POST", json=POD)[0] == 409
    newer = client("PUT", f"{ALL}/pod", json=first).json()
    assert newer["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
    status, message = client.refused("PUT", f"{ALL}/pod", json=first)
    assert status == 409
    assert "has been modified" in message
    assert client.refused("POST", json=first)[0] == 400


def test_a_watch_from_too_long_ago_is_gone(client: Client) -> None:
    version = client.api.state.version
    client.api.state.compact()
    [event] = client.watch(version)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_versions_from_the_future_and_no_versions_are_refused(client: Client) -> None:
    assert client.refused("GET", params={"watch": "true", "resourceVersion": "9999"})[0] == 504
    assert client.refused("GET", params={"watch": "true", "resourceVersion": "new"})[0] == 400


def test_a_watch_tells_what_changes_for_its_selector(client: Client) -> None:
    state = client.api.state
    begin = state.version
    state.add_pod("one", "http://10.0.0.1:8080")
    state.change_pod("one", ready=False)
    other = copy.deepcopy(state.get("serving", "one"))
    other["metadata"]["labels"] = {}
    state.put("serving", other)
    state.delete_pod("one")
    events = list(client.watch(begin, labelSelector="huggingtweets/role=serve"))
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    unselected = list(client.watch(begin, labelSelector="huggingtweets/role!=serve"))
    assert [event["type"] for event in unselected] == ["ADDED", "DELETED"]


@pytest.mark.parametrize("asked", [True, False])
def test_bookmarks_come_to_those_who_asked(client: Client, asked: bool) -> None:
    version = client.api.state.version
    with later(client.api.state.bookmark):
        events = list(client.watch(0, allowWatchBookmarks=str(asked).lower()))
    told = [(one["type"], one["object"]["metadata"]["resourceVersion"]) for one in events]
    assert told == ([("BOOKMARK", str(version + 10))] if asked else [])


def test_a_torn_watch_is_no_end(client: Client) -> None:
    torn = pytest.raises(requests.exceptions.ChunkedEncodingError)
    with later(client.api.state.cut_watches), torn:
        list(client.watch(0, timeoutSeconds=10))


def test_the_official_client_gets_along_with_it(client: Client, tmp_path: Path) -> None:
    client("POST", json=POD)
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(
        client.api.kubeconfig(tmp_path), client_configuration=configuration
    )
    with kubernetes.client.ApiClient(configuration) as official:
        pods = kubernetes.client.CoreV1Api(official).list_namespaced_pod("serving")
        official.rest_client.pool_manager.clear()
    assert [pod.metadata.name for pod in pods.items] == ["pod"]
