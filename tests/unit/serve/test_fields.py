"""No field of a request is passed over: it is understood, changes nothing, or is refused."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import openai
import pytest
import requests
import tritonclient.http as triton
from support.servers import Running

TEXT = " sample 0 of seed 7, and so on."
THREE = " sample 0 of"
"""Three tokens."""
STRAYS = [
    ("max_new_tokens", 5, "max_tokens"),
    ("max_length", 5, "max_tokens"),
    ("max_completion_tokens", 5, "max_tokens"),
    ("maxTokens", 5, "max_tokens"),
    ("max-tokens", 5, "max_tokens"),
    ("num_return_sequences", 2, "n"),
    ("temprature", 0.5, "temperature"),
    ("Temperature", 0.5, "temperature"),
    ("topP", 0.5, "top_p"),
    ("stop_sequences", ["a"], "stop"),
    ("sead", 5, "seed"),
    ("ignore_eso", True, "ignore_eos"),
]
"""A name, a value, and the name that is meant."""
LACKING = [
    ("top_k", 5),
    ("min_p", 0.1),
    ("repetition_penalty", 1.2),
    ("presence_penalty", 0.5),
    ("min_tokens", 5),
    ("use_beam_search", True),
    ("bad_words", ["no"]),
    ("stop_token_ids", [3]),
    ("end_id", 2),
]
"""Options of other engines that change what is written."""
NEUTRAL: dict[str, Any] = {
    "top_k": 0,
    "repetition_penalty": 1.0,
    "length_penalty": 1.0,
    "presence_penalty": 0,
    "min_tokens": 0,
    "use_beam_search": False,
    "bad_words": "",
    "skip_special_tokens": True,
    "min_p": None,
}
PLACES = {
    "torchserve": ("/predictions/jane", {"prompt": "x", "seed": 7}, ()),
    "generate": ("/v2/models/jane/generate", {"text_input": "x"}, ("parameters",)),
    "beside the text": ("/v2/models/jane/generate", {"text_input": "x"}, ()),
    "generate_stream": ("/v2/models/jane/generate_stream", {"text_input": "x"}, ("parameters",)),
    "infer": (
        "/v2/models/jane/infer",
        {"inputs": [{"name": "text_input", "datatype": "BYTES", "shape": [1], "data": ["x"]}]},
        ("parameters",),
    ),
    "openai": ("/v1/completions", {"model": "jane", "prompt": "x"}, ()),
}


def ask(running: Running, place: str, fields: dict[str, Any]) -> requests.Response:
    path, body, inside = PLACES[place]
    body = dict(body)
    for name in inside:
        fields = {name: fields}
    return requests.post(running.inference + path, json=body | fields, timeout=20)


def message(answer: requests.Response) -> str:
    """What an error says, in whichever dialect."""
    body = answer.json()
    error = body.get("message") or body["error"]
    return str(error["message"] if isinstance(error, dict) else error)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("name", "value", "meant"), STRAYS)
def test_a_misspelt_field_is_refused_with_the_name_that_is_meant(
    running: Running, place: str, name: str, value: object, meant: str
) -> None:
    answer = ask(running, place, {name: value})
    assert answer.status_code in (400, 422)
    assert message(answer) == f"{name} is not known here; {meant} is meant"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("name", "value"), LACKING)
def test_an_option_that_cannot_be_followed_is_refused(
    running: Running, place: str, name: str, value: object
) -> None:
    answer = ask(running, place, {name: value})
    assert answer.status_code in (400, 422)
    assert f"{name} is not supported" in message(answer)


@pytest.mark.parametrize("place", PLACES)
def test_an_option_that_changes_nothing_is_taken(running: Running, place: str) -> None:
    assert ask(running, place, NEUTRAL | {"seed": 7}).status_code == 200


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["wibble", "\ud800", "x" * 500, "a\nb", ""])
def test_any_other_field_is_refused_with_those_that_are_known(
    running: Running, place: str, name: str
) -> None:
    answer = ask(running, place, {name: 1})
    assert answer.status_code in (400, 422)
    assert "max_tokens" in message(answer)
    assert len(message(answer)) < 500


def test_a_prompt_under_another_name_is_refused(running: Running) -> None:
    for path, name, meant in (
        ("/predictions/jane", "text_input", "prompt"),
        ("/predictions/jane", "inputs", "prompt"),
        ("/v2/models/jane/generate", "prompt", "text_input"),
    ):
        answer = requests.post(running.inference + path, json={name: "x"}, timeout=20)
        assert message(answer) == f"{name} is not known here; {meant} is meant"


@pytest.mark.parametrize(
    "form", [{"data": "x", "max_tokens": "3"}, {"data": "x", "wibble": "3"}, [("data", "x")] * 2]
)
def test_a_part_of_a_form_that_nobody_reads_is_refused(running: Running, form: Any) -> None:
    url = f"{running.inference}/predictions/jane"
    pairs = form.items() if isinstance(form, dict) else form
    files = [(name, (None, value)) for name, value in pairs]
    for answer in (
        requests.post(url, files=files, timeout=20),
        requests.post(url, data=form, timeout=20),
    ):
        assert answer.status_code == 400
        assert "part" in message(answer)


@pytest.mark.parametrize("place", PLACES)
def test_a_field_in_the_address_is_refused(running: Running, place: str) -> None:
    path, body, _ = PLACES[place]
    for query in ("max_tokens=3", "max_new_tokens=3", "top_k=3"):
        answer = requests.post(f"{running.inference}{path}?{query}", json=body, timeout=20)
        assert answer.status_code in (400, 422)
        assert "put it into the body" in message(answer)
    answer = requests.post(f"{running.inference}{path}?api-version=1", json=body, timeout=20)
    assert answer.status_code == 200


TRITON: list[dict[str, Any]] = [
    {"max_tokens": 3, "random_seed": 7, "bad_words": "", "stop_words": ""},
    {"max_tokens": 3, "parameters": {"seed": 7, "stream": False}},
    {"parameters": {"max_tokens": 3, "exclude_input_in_output": True, "seed": 7}},
    {"sampling_parameters": json.dumps({"max_tokens": "3", "seed": 7, "temperature": "0.5"})},
    {"sampling_parameters": {"max_tokens": 3, "seed": 7}, "stream": False},
    {"parameters": {"sampling_parameters": '{"max_tokens": 3, "seed": 7, "top_k": -1}'}},
    {"stop_words": [" seed 7", ""], "seed": 7, "max_tokens": 3},
    {"max_tokens": 3, "seed": 7, "parameters": {"max_tokens": 3}},
]


@pytest.mark.parametrize("fields", TRITON)
def test_what_tritons_engines_are_told_means_the_same_here(
    running: Running, fields: dict[str, Any]
) -> None:
    url = f"{running.inference}/v2/models/jane/generate"
    answer = requests.post(url, json={"text_input": "x", "id": "r1"} | fields, timeout=20).json()
    assert (answer["text_output"], answer["id"]) == (THREE, "r1")


def test_the_prompt_comes_back_where_it_is_not_excluded(running: Running) -> None:
    answer = ask(running, "beside the text", {"exclude_input_in_output": False, "seed": 7})
    assert answer.json()["text_output"] == "x" + TEXT
    answer = ask(running, "generate_stream", {"exclude_input_in_output": False})
    assert (answer.status_code, "streams" in message(answer)) == (422, True)


@pytest.mark.parametrize(
    ("place", "fields", "said"),
    [
        ("generate", {"stream": True}, "generate_stream"),
        ("infer", {"stream": True}, "generate_stream"),
        ("generate_stream", {"stream": False}, "generate"),
        ("beside the text", {"seed": 1, "parameters": {"seed": 2}}, "seed is given twice"),
        ("beside the text", {"sampling_parameters": "{"}, "sampling_parameters"),
        ("beside the text", {"sampling_parameters": "[" * 100_000}, "sampling_parameters"),
        ("beside the text", {"sampling_parameters": [1]}, "sampling_parameters"),
        ("beside the text", {"sampling_parameters": '{"max_new_tokens": 3}'}, "max_tokens"),
        ("beside the text", {"parameters": 3}, "not an object"),
        ("beside the text", {"seed": 1, "parameters": 3}, "not an object"),
    ],
)
def test_what_contradicts_itself_is_refused(
    running: Running, place: str, fields: dict[str, Any], said: str
) -> None:
    answer = ask(running, place, fields)
    assert answer.status_code == 422
    assert said in message(answer)


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[Any]:
    with triton.InferenceServerClient(running.inference.removeprefix("http://")) as client:
        yield client


def tensor(name: str, values: Any, datatype: str, *, binary: bool) -> Any:
    kind = {"BYTES": object, "INT32": np.int32, "UINT64": np.uint64, "FP32": np.float32}
    array = np.array(values, dtype=kind.get(datatype, bool))
    made = triton.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


@pytest.mark.parametrize("binary", [True, False])
def test_tensors_beside_the_text_are_read(client: Any, binary: bool) -> None:
    inputs = [
        tensor("text_input", [["a"], ["b"]], "BYTES", binary=binary),
        tensor("max_tokens", [[8], [8]], "INT32", binary=binary),
        tensor("random_seed", [[7], [7]], "UINT64", binary=binary),
        tensor("temperature", [[0.5], [0.5]], "FP32", binary=binary),
        tensor("stop_words", [[" and", ""]], "BYTES", binary=binary),
        tensor("bad_words", [[""]], "BYTES", binary=binary),
        tensor("stream", [[False]], "BOOL", binary=binary),
        tensor("sampling_parameters", ['{"top_k": -1}'], "BYTES", binary=binary),
    ]
    answer = client.infer("jane", inputs, sequence_id=3, priority=1, timeout=9_000_000)
    assert answer.as_numpy("text_output").shape == (2, 1)
    last = client.infer("jane", [*inputs[:1], tensor("max_tokens", [3], "INT32", binary=binary)])
    assert last.as_numpy("text_output").tolist() != answer.as_numpy("text_output").tolist()


@pytest.mark.parametrize("shape", [[1], [2], [2, 1], [1, 1], [1, 2, 1]])
def test_outputs_have_the_shape_of_the_texts(client: Any, shape: list[int]) -> None:
    texts = np.full(shape, "x").tolist()
    inputs = [tensor("text_input", texts, "BYTES", binary=True)]
    assert list(client.infer("jane", inputs).as_numpy("text_output").shape) == shape
    several = client.infer("jane", inputs, parameters={"n": 3}).as_numpy("finish_reason")
    assert list(several.shape) == [*(shape[:-1] if shape[-1:] == [1] < shape else shape), 3]


OTHER = {"name": "max_tokens", "datatype": "INT32", "shape": [1], "data": [3]}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"name": "max_new_tokens"}, "max_tokens is meant"),
        ({"name": "top_k"}, "top_k is not supported"),
        ({"name": "image", "datatype": "BYTES", "data": ["x"]}, "image is not known"),
        ({"name": "text_input"}, "twice"),
        ({"datatype": "FP99"}, "FP99"),
        ({"data": ["x"]}, "numbers"),
        ({"shape": [2]}, "shape"),
        ({"shape": [2], "data": [3, 4]}, "differs"),
        ({"data": [True]}, "max_tokens"),
        ({"parameters": {"binary_data_size": 4}}, "binary_data_size"),
        ({"parameters": {"shared_memory_region": "x"}}, "shared_memory_region"),
        ({"contents": {}}, "contents"),
    ],
)
def test_a_tensor_that_cannot_be_followed_is_refused(
    running: Running, other: dict[str, Any], said: str
) -> None:
    path, body, _ = PLACES["infer"]
    inputs = [*body["inputs"], OTHER | other]  # type: ignore[index]
    answer = requests.post(running.inference + path, json={"inputs": inputs}, timeout=20)
    assert answer.status_code == 422
    assert said in message(answer)


def test_openais_client_may_send_all_that_it_knows(running: Running) -> None:
    with openai.OpenAI(base_url=f"{running.inference}/v1", api_key="none", max_retries=0) as client:
        stream = client.completions.create(
            model="jane", prompt="x", best_of=1, echo=False, frequency_penalty=0, logit_bias={},
            logprobs=0, max_tokens=3, n=1, presence_penalty=0, seed=7, stop=["y"], stream=True,
            stream_options={"include_usage": True, "include_obfuscation": False}, suffix=None,
            temperature=1, top_p=1, user="someone",
            extra_body={
                "store": False, "metadata": {"a": "b"}, "service_tier": "auto",
                "safety_identifier": "x", "prompt_cache_key": "y",
            },
        )  # fmt: skip
        text = "".join(choice.text for chunk in stream for choice in chunk.choices)
    assert text == THREE
