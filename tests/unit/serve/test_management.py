"""TorchServe's management calls: what they answer, and whom they refuse."""

import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from support.fake_engine import FakeEngines
from support.servers import Running, publish, serving, until

from components.registry import Registry
from components.serve.archives.__main__ import export

TOKENS = {
    "HUGGINGTWEETS_MANAGEMENT_TOKEN": "manage-me",
    "HUGGINGTWEETS_INFERENCE_TOKEN": "ask-me",
}


class Manager:
    def __init__(self, running: Running, registry: Registry, store: Path) -> None:
        self.running, self.registry, self.store = running, registry, store

    def __call__(self, method: str, path: str, **query: Any) -> requests.Response:
        assert self.running.management
        return requests.request(
            method, self.running.management + path, params=query,
            headers={"Authorization": "Bearer manage-me"}, timeout=20, allow_redirects=False,
        )  # fmt: skip

    def predict(self, model: str) -> int:
        return requests.post(
            f"{self.running.inference}/predictions/{model}", json={"prompt": "x"},
            headers={"Authorization": "Bearer ask-me"}, timeout=20,
        ).status_code  # fmt: skip

    def url(self, version: int, persona: str = "jane") -> str:
        return f"{self.registry.store.uri}/{persona}/versions/{version}"


@pytest.fixture
def manager(registry: Registry, tmp_path: Path) -> Iterator[Manager]:
    publish(registry)
    publish(registry, alias=None)
    store = tmp_path / "store"
    store.mkdir()
    export(registry.store.uri, "jane@1", store / "stored.mar")
    with serving(registry, tmp_path / "cache", FakeEngines(), TOKENS, model_store=store) as running:
        yield Manager(running, registry, store)


def test_the_list_has_pages(manager: Manager) -> None:
    publish(manager.registry, "ann")
    until(lambda: len(manager("GET", "/models").json()["models"]) == 2)
    first = manager("GET", "/models", limit=1).json()
    assert [model["modelName"] for model in first["models"]] == ["ann"]
    second = manager("GET", "/models", limit=1, next_page_token=first["nextPageToken"]).json()
    assert second == {"models": [{"modelName": "jane", "modelUrl": manager.url(1)}]}
    assert manager("GET", "/models", limit=0).status_code == 400


def test_a_description(manager: Manager) -> None:
    [found] = manager("GET", "/models/jane").json()
    [worker] = found.pop("workers")
    assert found == {
        "modelName": "jane",
        "modelVersion": "1",
        "modelUrl": manager.url(1),
        "runtime": "python",
        "minWorkers": 1,
        "maxWorkers": 1,
        "batchSize": 1,
        "maxBatchDelay": 100,
        "loadedAtStartup": True,
        "jobQueueStatus": {"remainingCapacity": 100, "pendingRequests": 0},
    }
    assert worker.keys() == {"id", "startTime", "status", "memoryUsage", "pid", "gpu"}
    assert worker["status"] == "READY"
    assert manager("GET", "/models/jane/all").json()[0]["modelVersion"] == "1"
    assert manager("GET", "/models/jane/1").status_code == 200
    assert manager("GET", "/models/jane/7").json()["type"] == "ModelVersionNotFoundException"
    assert manager("GET", "/models/nobody").json()["type"] == "ModelNotFoundException"


def test_a_version_of_the_registry_comes_and_goes(manager: Manager) -> None:
    answer = manager("POST", "/models", url=manager.url(2), initial_workers=1, synchronous="true")
    assert answer.status_code == 200
    assert answer.json() == {"status": 'Model "jane" Version: 2 registered with 1 initial workers'}
    assert manager.predict("jane/2") == 200
    again = manager("POST", "/models", url=manager.url(2))
    assert (again.status_code, again.json()["type"]) == (409, "ConflictStatusException")
    assert manager("DELETE", "/models/jane/2").status_code == 200
    assert manager.predict("jane/2") == 404


def test_without_a_worker_it_is_known_and_cannot_answer(manager: Manager) -> None:
    answer = manager("POST", "/models", url=manager.url(2), model_name="other")
    assert answer.status_code == 200
    assert manager.predict("other") == 503
    scaled = manager("PUT", "/models/other", min_worker=1)
    assert (scaled.status_code, scaled.json()) == (
        202, {"status": "Processing worker updates..."},
    )  # fmt: skip
    until(lambda: manager.predict("other") == 200)
    gone = manager("PUT", "/models/other/2", min_worker=0, synchronous="true")
    assert gone.status_code == 200
    assert manager.predict("other") == 503
    assert manager("PUT", "/models/other", min_worker=2, max_worker=1).status_code == 400


def test_a_default_holds_until_production_moves(manager: Manager) -> None:
    manager("POST", "/models", url=manager.url(2), initial_workers=1, synchronous="true")
    assert manager("PUT", "/models/jane/2/set-default").status_code == 200
    assert manager("GET", "/models/jane").json()[0]["modelVersion"] == "2"
    assert manager("DELETE", "/models/jane/2").status_code == 403
    publish(manager.registry)
    until(lambda: manager("GET", "/models/jane").json()[0]["modelVersion"] == "3")


ELSEWHERE = (
    "http://127.0.0.1:1/evil.mar",
    "https://example.org/evil.mar",
    "file:///etc/passwd",
    "/etc/passwd",
    "../stored.mar",
    "a/../stored.mar",
    "s3://bucket/jane/versions/1",
    "REGISTRY/jane/versions/1/../../../x",
    "REGISTRY/../x/versions/1",
    "REGISTRY/jane/production.json",
    "REGISTRYx/jane/versions/1",
    "REGISTRY@evil.org/jane/versions/1",
    "link.mar",
    "",
)


def test_nothing_else_is_ever_fetched(manager: Manager) -> None:
    (manager.store / "link.mar").symlink_to("/etc/passwd")
    for url in ELSEWHERE:
        named = url.replace("REGISTRY", manager.registry.store.uri)
        answer = manager("POST", "/models", url=named, initial_workers=1, synchronous="true")
        assert (answer.status_code, answer.json()["code"]) == (403, 403), url


def test_a_registry_in_a_folder_is_named_either_way(manager: Manager) -> None:
    url = f"file://{manager.url(2)}"
    assert manager("POST", "/models", url=url, synchronous="true").status_code == 200
    assert manager("GET", "/models/jane/2").json()[0]["modelUrl"] == manager.url(2)


def test_what_is_allowed_and_absent_is_not_found(manager: Manager) -> None:
    for url in (manager.url(9), manager.url(1, "nobody"), "absent.mar"):
        assert manager("POST", "/models", url=url).status_code == 404
    assert manager("POST", "/models").status_code == 400


def test_an_archive_of_the_store_answers(manager: Manager) -> None:
    answer = manager(
        "POST", "/models", url="stored.mar", model_name="stored", initial_workers=1,
        synchronous="true",
    )  # fmt: skip
    assert answer.status_code == 200
    assert manager.predict("stored") == 200
    assert manager("GET", "/models/stored").json()[0]["modelUrl"] == "stored.mar"


def test_an_archive_with_code_is_refused(manager: Manager) -> None:
    with zipfile.ZipFile(manager.store / "evil.mar", "w") as archive:
        archive.writestr("model.safetensors", b"x")
        archive.writestr("handler.py", b"import os")
        archive.writestr("MAR-INF/MANIFEST.json", '{"model": {"modelName": "evil"}}')
    answer = manager("POST", "/models", url="evil.mar")
    assert answer.status_code == 400
    assert "handler.py" in answer.json()["message"]


def test_tokens(manager: Manager) -> None:
    place = f"{manager.running.management}/models"
    inference = f"{manager.running.inference}/predictions/jane"
    for method, url, token, status in (
        ("GET", place, None, 401),
        ("GET", place, "Bearer wrong", 401),
        ("GET", place, "Basic manage-me", 401),
        ("GET", place, "Bearer ask-me", 403),
        ("GET", place, "Bearer manage-me", 200),
        ("POST", inference, None, 401),
        ("POST", inference, "Bearer manage-me", 403),
        ("POST", inference, "Bearer ask-me", 200),
    ):
        headers = {"Authorization": token} if token else {}
        answer = requests.request(method, url, headers=headers, json={"prompt": ""}, timeout=9)
        assert answer.status_code == status, (method, url, token)
    for path, body in (("/v1/completions", {"model": "jane"}), ("/v2/models/jane/generate", {})):
        answer = requests.post(
            manager.running.inference + path,
            json={"text_input": "", "prompt": ""} | body,
            timeout=9,
        )
        assert answer.status_code == 401
        assert answer.json().keys() == {"error"}
    assert manager.running.status("/livez") == 200


def test_the_port_stays_closed_without_a_token(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(registry)
    with serving(registry, tmp_path / "cache") as running:
        assert running.management is None
    assert "management port stays closed" in caplog.text


def test_archives_are_loaded_at_the_start(registry: Registry, tmp_path: Path) -> None:
    publish(registry)
    export(registry.store.uri, "jane@1", tmp_path / "a.mar")
    with serving(
        registry, tmp_path / "cache", model_store=tmp_path, load_models=("other=a.mar",)
    ) as running:
        assert running.ask("other", prompt="x").json()["model"] == "other"
        assert running.ask("jane", prompt="x").status_code == 200


def test_a_model_waits_for_the_room_of_one_that_leaves(registry: Registry, tmp_path: Path) -> None:
    publish(registry)
    publish(registry, "john")
    engines = FakeEngines()
    with serving(
        registry, tmp_path / "cache", engines, TOKENS, persona=("jane",), memory_gb=1.5e-6
    ) as running:
        manager = Manager(running, registry, tmp_path)
        engines.last.gate.clear()
        with ThreadPoolExecutor() as pool:
            first = pool.submit(manager.predict, "jane")
            until(lambda: engines.last.running == 1)
            assert manager("PUT", "/models/jane", min_worker=0).status_code == 202
            url = manager.url(1, "john")
            loading = pool.submit(
                manager, "POST", "/models", url=url, initial_workers=1, synchronous="true"
            )
            time.sleep(0.2)
            engines.made[0].gate.set()
            assert first.result() == 200
            assert loading.result().status_code == 200
