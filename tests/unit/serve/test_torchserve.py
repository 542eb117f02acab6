"""TorchServe's inference calls, as its documentation shows them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from support.servers import Running


def test_a_prediction(running: Running) -> None:
    answer = running.ask("jane", prompt="My dream is", n=2, seed=7)
    assert answer.status_code == 200
    assert answer.json() == {
        "model": "jane",
        "model_version": "1",
        "ai_generated": True,
        "generations": [
            {"text": f" sample {index} of seed 7, and so on.", "finish_reason": "stop"}
            for index in (0, 1)
        ],
    }
    assert answer.headers["x-ai-generated"] == "true"
    assert answer.headers["x-model-name"] == "jane"
    assert answer.headers["x-model-version"] == "1"
    assert answer.headers["x-request-id"]


def test_a_version_is_named(running: Running) -> None:
    assert running.ask("jane/2", prompt="").json()["model_version"] == "2"


def test_ping_and_probes(running: Running) -> None:
    ping = requests.get(f"{running.inference}/ping", timeout=9)
    assert (ping.status_code, ping.json()) == (200, {"status": "Healthy"})
    assert [running.status(path) for path in ("/livez", "/readyz", "/startupz")] == [200] * 3


def test_a_stream_is_lines_of_what_is_new(running: Running) -> None:
    with requests.post(
        f"{running.inference}/predictions/jane",
        json={"prompt": "x", "n": 2, "seed": 1, "stream": True},
        stream=True,
        timeout=9,
    ) as answer:
        lines = [json.loads(line) for line in answer.iter_lines()]
    assert answer.headers["x-ai-generated"] == "true"
    assert all(line.keys() == {"index", "text"} for line in lines)
    for index in (0, 1):
        text = "".join(line["text"] for line in lines if line["index"] == index)
        assert text == f" sample {index} of seed 1, and so on."


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize(
    "words",
    [
        ["-d", '{"prompt": "a", "seed": 3}'],
        ["-H", "Content-Type: application/json", "-d", '{"prompt": "a", "seed": 3}'],
        ["-H", "Content-Type: text/plain", "--data-binary", "a"],
        ["-F", "data=a"],
        ["-F", 'data={"prompt": "a", "seed": 3}'],
        ["-F", "data=@FILE"],
        ["-d", "data=a"],
        ["-T", "FILE"],
    ],
)
def test_curl_as_in_its_documentation(running: Running, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "prompt.txt").write_text("a")
    words = [word.replace("FILE", str(tmp_path / "prompt.txt")) for word in words]
    answer = subprocess.run(
        ["curl", "-sS", "-f", f"{running.inference}/predictions/jane", *words],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(answer.stdout)["generations"][0]["text"].startswith(" sample 0 of seed")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": "x", "n": 0}, "n"),
        ({"prompt": "x", "n": 65}, "n"),
        ({"prompt": "x", "n": "3"}, "n"),
        ({"prompt": "x", "max_tokens": 0}, "max_tokens"),
        ({"prompt": "x", "temperature": -1}, "temperature"),
        ({"prompt": "x", "top_p": 0}, "top_p"),
        ({"prompt": "x", "top_p": 1.5}, "top_p"),
        ({"prompt": "x", "seed": -1}, "seed"),
        ({"prompt": "x", "seed": 1 << 63}, "seed"),
        ({"prompt": "x", "stop": [""]}, "stop"),
        ({"prompt": "\ud800"}, "prompt"),
        ({"prompt": "word " * 2000}, "too long"),
        ([], "object"),
    ],
)
def test_what_is_wrong_is_said(running: Running, body: object, said: str) -> None:
    answer = requests.post(
        f"{running.inference}/predictions/jane", data=json.dumps(body),
        headers={"content-type": "application/json"}, timeout=9,
    )  # fmt: skip
    assert answer.status_code == 400
    assert answer.json()["code"] == 400
    assert answer.json()["type"] == "BadRequestException"
    assert said in answer.json()["message"]


@pytest.mark.parametrize("body", [b"{", b'{"prompt": NaN', b"[" * 100_000, b"\xff{"])
def test_what_is_no_json_is_said(running: Running, body: bytes) -> None:
    answer = requests.post(
        f"{running.inference}/predictions/jane", data=body,
        headers={"content-type": "application/json"}, timeout=9,
    )  # fmt: skip
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("POST", "/predictions/nobody", 404, "ModelNotFoundException"),
        ("POST", "/predictions/jane/9", 404, "ModelVersionNotFoundException"),
        ("GET", "/predictions/jane", 405, "MethodNotAllowedException"),
        ("GET", "/nowhere", 404, "ResourceNotFoundException"),
    ],
)
def test_errors_have_one_body(
    running: Running, method: str, path: str, status: int, kind: str
) -> None:
    answer = requests.request(method, running.inference + path, json={"prompt": "x"}, timeout=9)
    assert answer.status_code == status
    assert answer.json().keys() == {"code", "type", "message"}
    assert (answer.json()["code"], answer.json()["type"]) == (status, kind)
    assert answer.headers["x-request-id"]


def test_a_request_id_is_kept_if_it_is_plain(running: Running) -> None:
    for given, kept in (("abc-1", True), ("a b", False), ("x" * 200, False)):
        answer = requests.get(
            f"{running.inference}/livez", headers={"x-request-id": given}, timeout=9
        )
        assert (answer.headers["x-request-id"] == given) == kept


def test_the_description(running: Running) -> None:
    for method, path in (("GET", "/api-description"), ("OPTIONS", "/")):
        answer = requests.request(method, running.inference + path, timeout=9)
        assert answer.json()["openapi"].startswith("3.")
        assert "/predictions/{model}" in answer.json()["paths"]
