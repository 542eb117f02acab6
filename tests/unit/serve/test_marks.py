"""Answers bring a signed statement where they are asked for one, in every dialect."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
import requests
from support.fake_engine import FakeEngines
from support.marks import make_key
from support.servers import Running, publish, serving

from components.marking.checking import FoundMark, check_mark, find_mark
from components.marking.keys import read_public_keys
from components.registry import Registry

KEY = make_key()
ENVIRONMENT = {"HUGGINGTWEETS_MARK_KEY": KEY.private, "HUGGINGTWEETS_INFERENCE_TOKEN": "t"}
TOKEN = {"Authorization": "Bearer t"}
INPUTS = [{"name": "text_input", "datatype": "BYTES", "shape": [2], "data": ["x", "y"]}]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    registry = Registry.open(str(tmp_path_factory.mktemp("marked") / "registry"))
    publish(registry)
    return registry


@pytest.fixture(scope="module")
def marking(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("cache")
    with serving(registry, place, FakeEngines(), ENVIRONMENT) as server:
        yield server


def post(server: Running, path: str, body: Any, **more: Any) -> requests.Response:
    headers = TOKEN | more.pop("headers", {})
    return requests.post(server.inference + path, json=body, headers=headers, timeout=20, **more)


def check(server: Running, found: FoundMark, texts: list[str]) -> None:
    keys = requests.get(f"{server.inference}/v1/marks/keys", timeout=20)
    assert keys.status_code == 200
    for text in texts:
        assert check_mark(found, text, read_public_keys(keys.text, "keys")) == []
    assert len(found.mark.claim.text_sha256) == len(texts)
    assert (found.mark.claim.persona, found.mark.claim.version) == ("jane", "1")


def prediction(body: Any) -> list[str]:
    return [one["text"] for one in body["generations"]]


def completion(body: Any) -> list[str]:
    return [one["text"] for one in body["choices"]]


@pytest.mark.parametrize(
    ("path", "body", "texts"),
    [
        ("/predictions/jane", {"prompt": "x", "n": 2}, prediction),
        ("/predictions/jane/1", {"prompt": "x"}, prediction),
        ("/v1/completions", {"model": "jane", "prompt": ["a", "b"], "n": 2}, completion),
        ("/v1/completions", {"model": "jane", "prompt": "a", "echo": True}, completion),
        ("/v2/models/jane/generate", {"text_input": "x"}, lambda body: [body["text_output"]]),
        ("/v2/models/jane/generate", {"text_input": "x", "n": 2}, lambda body: body["text_output"]),
    ],
)
@pytest.mark.parametrize("way", ["body", "header"])
def test_an_answer_has_a_mark_over_its_texts(
    marking: Running, path: str, body: dict[str, Any], texts: Any, way: str
) -> None:
    given = body | ({"mark": True} if way == "body" else {})
    headers = {"x-ai-mark": "true"} if way == "header" else {}
    answer = post(marking, path, given, headers=headers)
    assert answer.status_code == 200
    check(marking, find_mark(answer.text, "answer"), texts(answer.json()))


@pytest.mark.parametrize("binary", [False, True])
def test_infer_has_it_among_its_parameters(marking: Running, binary: bool) -> None:
    parameters = {"mark": True, "binary_data_output": binary}
    answer = post(marking, "/v2/models/jane/infer", {"inputs": INPUTS, "parameters": parameters})
    size = int(answer.headers.get("inference-header-content-length", len(answer.content)))
    document = json.loads(answer.content[:size])
    found = find_mark(json.dumps(document), "answer")
    texts = [] if binary else document["outputs"][0]["data"]
    assert len(found.mark.claim.text_sha256) == 2
    if not binary:
        check(marking, found, texts)


def test_the_claim_names_the_manifest(marking: Running, registry: Registry) -> None:
    answer = post(marking, "/predictions/jane", {"prompt": "x", "mark": True})
    alias = registry.alias("jane", "production")
    assert alias is not None
    assert answer.json()["mark"]["claim"]["manifest_sha256"] == alias.manifest_sha256


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/predictions/jane", {"prompt": "x", "n": 3, "stream": True}),
        ("/v1/completions", {"model": "jane", "prompt": ["a", "b"], "n": 2, "stream": True}),
        ("/v2/models/jane/generate_stream", {"text_input": "x", "n": 2}),
    ],
)
def test_a_stream_has_it_in_its_last_event(
    marking: Running, path: str, body: dict[str, Any]
) -> None:
    answer = post(marking, path, body | {"mark": True})
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines()]
    events = [json.loads(line) for line in lines if line.startswith("{")]
    assert ["mark" in event for event in events] == [False] * (len(events) - 1) + [True]
    texts: dict[int, str] = {}
    for event in events:
        for index, text in pieces(event):
            texts[index] = texts.get(index, "") + text
    check(marking, find_mark(answer.text, "stream"), [texts[index] for index in sorted(texts)])


def pieces(event: Any) -> Iterator[tuple[int, str]]:
    if "choices" in event:
        yield from ((one["index"], one["text"]) for one in event["choices"])
    elif "text_output" in event:
        yield event["details"]["index"], event["text_output"]
    else:
        yield event["index"], event["text"]


def test_openais_client_asks_for_it(marking: Running) -> None:
    client = openai.OpenAI(base_url=f"{marking.inference}/v1", api_key="t")
    made = client.completions.create(model="jane", prompt="x", extra_body={"mark": True})
    check(marking, find_mark(made.model_dump_json(), "answer"), [made.choices[0].text])
    pieces = client.completions.create(
        model="jane", prompt="x", stream=True, extra_body={"mark": True}
    )
    *_, last = pieces
    assert last.choices[0].finish_reason
    assert last.model_extra
    assert last.model_extra["mark"]["claim"]["persona"] == "jane"


@pytest.mark.parametrize("body", ["plain", "form", "file"])
def test_bodies_without_fields_have_the_header(marking: Running, body: str) -> None:
    url, headers = f"{marking.inference}/predictions/jane", TOKEN | {"x-ai-mark": "1"}
    if body == "plain":
        headers |= {"content-type": "text/plain"}
        answer = requests.post(url, data="x", headers=headers, timeout=20)
    elif body == "form":
        answer = requests.post(url, files={"data": (None, "x")}, headers=headers, timeout=20)
    else:
        answer = requests.put(url, data=b"x", headers=headers, timeout=20)
    check(marking, find_mark(answer.text, "answer"), prediction(answer.json()))


@pytest.mark.parametrize("said", [{}, {"mark": False}, {"mark": None}])
def test_without_being_asked_there_is_none(marking: Running, said: dict[str, Any]) -> None:
    answer = post(marking, "/predictions/jane", {"prompt": "x"} | said)
    assert answer.json().keys() == {"model", "model_version", "ai_generated", "generations"}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predictions/jane", {"prompt": "x"}, 400),
        ("/predictions/jane", {"prompt": "x", "stream": True}, 400),
        ("/v1/completions", {"model": "jane", "prompt": "x"}, 400),
        ("/v2/models/jane/generate", {"text_input": "x"}, 422),
        ("/v2/models/jane/generate_stream", {"text_input": "x"}, 422),
        ("/v2/models/jane/infer", {"inputs": INPUTS}, 422),
    ],
)
def test_a_server_without_a_key_says_so(
    running: Running, path: str, body: dict[str, Any], status: int
) -> None:
    inner = {"parameters": {"mark": True}} if path.endswith("infer") else {"mark": True}
    answer = post(running, path, body | inner)
    assert answer.status_code == status
    assert "HUGGINGTWEETS_MARK_KEY" in answer.text
    keys = requests.get(f"{running.inference}/v1/marks/keys", timeout=20)
    assert (keys.status_code, keys.json()) == (200, {"keys": []})


@pytest.mark.parametrize("value", ["yes please", "", "tru"])
def test_a_header_that_says_neither_is_refused(marking: Running, value: str) -> None:
    answer = post(marking, "/predictions/jane", {"prompt": "x"}, headers={"x-ai-mark": value})
    assert answer.status_code == 400
    assert "x-ai-mark" in answer.text


@pytest.mark.parametrize("value", ["yes", 1, [], {}])
def test_a_field_that_is_no_truth_value_is_refused(marking: Running, value: object) -> None:
    answer = post(marking, "/predictions/jane", {"prompt": "x", "mark": value})
    assert answer.status_code == 400
    assert "mark" in answer.json()["message"]


def test_the_page_says_it_to_programs(running: Running) -> None:
    page = requests.get(running.inference, timeout=20).text
    assert '<meta name="ai-generated" content="true">' in page
    assert "/trainedAlgorithmicMedia" in page
