"""A new pod is refused for a moment by what will let it in."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.deploying import Namespace
from support.kubernetes_api import KubernetesApi
from support.late_port import free_port, late_port

from components.contracts.errors import BadInputError
from components.deploy import letting_in
from components.deploy.letting_in import once_let_in
from components.registry import Registry
from components.storage import StorageError, retry
from components.storage.errors import TransientError

IN_A_POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
LATE = 2.0


class Empty(BaseHTTPRequestHandler):
    """A bucket without objects."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        body = b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>"
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys for a store, whose client by itself asks for a moment only."""
    monkeypatch.setattr(retry, "DEADLINE", 0.3)
    for name, value in (("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b"), ("REGION", "x")):
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.mark.usefixtures("store")
def test_the_registry_is_asked_until_it_lets_the_pod_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        with late_port(server.server_port, LATE) as port:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
            book, begun = Registry.open("s3://models/registry"), time.monotonic()
            with pytest.raises(TransientError, match="refused"):
                once_let_in(lambda: book.manifest("jane", 1), {})
            assert time.monotonic() - begun < LATE
            with pytest.raises(BadInputError) as answered:
                once_let_in(lambda: book.manifest("jane", 1), IN_A_POD)
        server.shutdown()
    assert not isinstance(answered.value, TransientError)
    assert Empty.asked == 1, "an answer is final"


@pytest.mark.usefixtures("store")
def test_it_gives_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letting_in, "PATIENCE_SECONDS", 1.5)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    book, begun = Registry.open("s3://models/registry"), time.monotonic()
    with pytest.raises(StorageError, match="refused"):
        once_let_in(lambda: book.manifest("jane", 1), IN_A_POD)
    assert 1.5 <= time.monotonic() - begun < 20


def test_kubernetes_and_a_serving_pod_may_let_it_in_late(
    namespace: Namespace, api: KubernetesApi, tmp_path: Path
) -> None:
    running = namespace.add_pod("pod-a")
    target = int(running.inference.rpartition(":")[2])
    with late_port(api.port, LATE) as first, late_port(target, 2 * LATE) as second:
        api.state.add_pod("pod-b", f"http://127.0.0.1:{second}")
        api.url = f"http://127.0.0.1:{first}"
        namespace.environment = {"KUBECONFIG": api.kubeconfig(tmp_path)}
        report = namespace.deploy(2)
    assert report.outcome == "moved"
    assert [pod.followed for pod in report.pods] == [True, True]
