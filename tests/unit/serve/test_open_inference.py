"""Triton's own client, and the generate extension, against the server."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import requests
import tritonclient.http as triton
from support.servers import Running

INFER = {"name": "text_input", "datatype": "BYTES", "shape": [1], "data": ["x"]}


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[Any]:
    client = triton.InferenceServerClient(running.inference.removeprefix("http://"))
    yield client
    client.close()


def texts(prompts: list[str], *, binary: bool) -> Any:
    tensor = triton.InferInput("text_input", [len(prompts)], "BYTES")
    tensor.set_data_from_numpy(np.array(prompts, dtype=object), binary_data=binary)
    return tensor


def test_health_and_metadata(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("jane")
    assert client.is_model_ready("jane", "2")
    assert not client.is_model_ready("nobody")
    assert client.get_server_metadata()["name"] == "huggingtweets"
    metadata = client.get_model_metadata("jane")
    assert (metadata["name"], metadata["versions"]) == ("jane", ["1", "2"])
    assert metadata["inputs"] == [{"name": "text_input", "datatype": "BYTES", "shape": [-1]}]


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False, None])
def test_infer(client: Any, binary_in: bool, binary_out: bool | None) -> None:
    wanted = None
    if binary_out is not None:
        wanted = [triton.InferRequestedOutput("text_output", binary_data=binary_out)]
    answer = client.infer(
        "jane", [texts(["é", "x"], binary=binary_in)], "2", outputs=wanted, request_id="r1",
        parameters={"seed": 4},
    )  # fmt: skip
    found = answer.as_numpy("text_output")
    as_text = [text if isinstance(text, str) else text.decode() for text in found]
    assert as_text == [" sample 0 of seed 4, and so on."] * 2
    response = answer.get_response()
    assert (response["model_name"], response["model_version"], response["id"]) == (
        "jane",
        "2",
        "r1",
    )
    assert response["parameters"]["ai_generated"] is True


def test_several_samples_are_a_column_each(client: Any) -> None:
    answer = client.infer("jane", [texts(["a", "b"], binary=True)], parameters={"n": 3})
    assert answer.as_numpy("text_output").shape == (2, 3)
    assert answer.as_numpy("finish_reason").shape == (2, 3)


def test_generate(running: Running) -> None:
    place = f"{running.inference}/v2/models/jane"
    answer = requests.post(
        f"{place}/generate", json={"text_input": "x", "parameters": {"seed": 4}}, timeout=9
    )
    assert answer.json() == {
        "text_output": " sample 0 of seed 4, and so on.",
        "model_name": "jane",
        "model_version": "1",
        "ai_generated": True,
        "details": {"finish_reason": "stop"},
    }
    assert answer.headers["x-ai-generated"] == "true"
    several = requests.post(
        f"{place}/versions/2/generate",
        json={"text_input": "x", "parameters": {"seed": 4, "n": 2}}, timeout=9,
    ).json()  # fmt: skip
    assert several["text_output"][1] == " sample 1 of seed 4, and so on."
    assert several["details"]["finish_reason"] == ["stop", "stop"]


def test_generate_stream(running: Running) -> None:
    answer = requests.post(
        f"{running.inference}/v2/models/jane/generate_stream",
        json={"text_input": "x", "parameters": {"seed": 4}}, timeout=9,
    )  # fmt: skip
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line]
    assert "".join(event["text_output"] for event in events) == " sample 0 of seed 4, and so on."
    assert events[-1]["details"] == {"finish_reason": "stop", "index": 0}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("jane/generate", {}, 422),
        ("jane/generate", {"text_input": 1}, 422),
        ("jane/generate", {"text_input": "x", "parameters": {"n": 0}}, 422),
        ("jane/generate", {"text_input": "word " * 2000}, 422),
        ("nobody/generate", {"text_input": "x"}, 404),
        ("jane/versions/7/generate", {"text_input": "x"}, 404),
        ("jane/infer", {"inputs": []}, 422),
        ("jane/infer", {"inputs": [INFER | {"shape": [2]}]}, 422),
        ("jane/infer", {"inputs": [INFER | {"datatype": "FP32"}]}, 422),
        ("jane/infer", {"inputs": [INFER | {"data": [1]}]}, 422),
        ("jane/infer", {"inputs": [INFER | {"data": "\ud800"}]}, 422),
        ("jane/infer", {"inputs": [INFER], "outputs": [{"name": "other"}]}, 422),
        ("jane/infer", {"inputs": [INFER], "parameters": {"n": 99}}, 422),
        ("jane/infer", [], 422),
        ("jane/nothing", {}, 404),
    ],
)
def test_errors(running: Running, path: str, body: object, status: int) -> None:
    answer = requests.post(
        f"{running.inference}/v2/models/{path}", data=json.dumps(body),
        headers={"content-type": "application/json"}, timeout=9,
    )  # fmt: skip
    assert answer.status_code == status
    assert answer.json().keys() == {"error"}


def test_a_wrong_parameter_is_named(running: Running) -> None:
    body = {"text_input": "x", "parameters": {"n": 65}}
    answer = requests.post(f"{running.inference}/v2/models/jane/generate", json=body, timeout=9)
    assert answer.json() == {"error": "n: 65 is too large; give at most 64"}


@pytest.mark.parametrize("length", ["x", "9999", "-1", "3"])
def test_a_wrong_length_in_the_header(running: Running, length: str) -> None:
    answer = requests.post(
        f"{running.inference}/v2/models/jane/infer", data=b'{"inputs": []}',
        headers={"inference-header-content-length": length}, timeout=9,
    )  # fmt: skip
    assert answer.status_code == 422
