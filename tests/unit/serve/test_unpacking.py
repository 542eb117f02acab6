"""Requests whose bodies come packed, in every dialect, as clients pack them and damaged."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import requests
import tritonclient.http as triton
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from support.fake_engine import FakeEngines
from support.servers import Running, publish, serving

from components.registry import Registry
from components.serve.web.unpacking import CODINGS, unpacked_body

MOST = 10_000
TEXT = " sample 0 of seed 7, and so on."
DIALECTS: dict[str, dict[str, Any]] = {
    "/predictions/jane": {"prompt": "x", "seed": 7},
    "/v2/models/jane/generate": {"text_input": "x", "parameters": {"seed": 7}},
    "/v2/models/jane/infer": {
        "inputs": [{"name": "text_input", "datatype": "BYTES", "shape": [1], "data": ["x"]}],
        "parameters": {"seed": 7},
    },
    "/v1/completions": {"model": "jane", "prompt": "x", "seed": 7},
}


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def in_frames(body: bytes) -> bytes:
    pack = zstandard.ZstdCompressor().compress
    return pack(body[:5]) + pack(body[5:])


def of_unknown_size(body: bytes) -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(body) + packer.flush()


PACKED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("GZIP", gzip.compress),
    ("gzip", lambda body: gzip.compress(body[:5]) + gzip.compress(body[5:])),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("zstd", zstandard.ZstdCompressor().compress),
    ("zstd", in_frames),
    ("zstd", of_unknown_size),
    ("identity", lambda body: body),
    ("gzip, zstd", lambda body: of_unknown_size(gzip.compress(body))),
]
DAMAGED: list[tuple[str, bytes]] = [
    ("gzip", b'{"prompt": "x"}'),
    ("gzip", gzip.compress(b'{"prompt": "x"}')[:-4]),
    ("gzip", gzip.compress(b'{"prompt": "x"}') + b"more"),
    ("deflate", b"\xff\xff\xff\xff"),
    ("deflate", zlib.compress(b'{"prompt": "x"}')[:-2]),
    ("deflate", zlib.compress(b'{"prompt": "x"}') + b"more"),
    ("zstd", b'{"prompt": "x"}'),
    ("zstd", of_unknown_size(b'{"prompt": "x"}' * 9)[:-3]),
    ("zstd", of_unknown_size(b'{"prompt": "x"}') + b"more"),
    ("gzip, zstd", gzip.compress(b'{"prompt": "x"}')),
]


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("unpacking")
    registry = Registry.open(str(place / "registry"))
    publish(registry)
    with serving(registry, place / "cache", FakeEngines(), max_request_size=MOST) as server:
        yield server


def send(running: Running, path: str, coding: str, body: bytes) -> requests.Response:
    headers = {"content-encoding": coding, "content-type": "application/json"}
    return requests.post(running.inference + path, data=body, headers=headers, timeout=20)


@pytest.mark.parametrize("path", DIALECTS)
@pytest.mark.parametrize(("coding", "pack"), PACKED)
def test_a_packed_request_is_understood(
    bounded: Running, path: str, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    answer = send(bounded, path, coding, pack(json.dumps(DIALECTS[path]).encode()))
    assert answer.status_code == 200
    assert TEXT in answer.text


def test_a_packed_form_and_a_packed_text_are_understood(bounded: Running) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\nx\r\n--b--\r\n'
    for kind, body in (("multipart/form-data; boundary=b", form), ("text/plain", b"x")):
        headers = {"content-encoding": "gzip", "content-type": kind}
        url = f"{bounded.inference}/predictions/jane"
        answer = requests.post(url, data=gzip.compress(body), headers=headers, timeout=20)
        assert answer.status_code == 200


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
@pytest.mark.parametrize("binary", [True, False])
def test_tritons_client_packs_its_requests(bounded: Running, packing: str, binary: bool) -> None:
    tensor = triton.InferInput("text_input", [2], "BYTES")
    tensor.set_data_from_numpy(np.array(["a", "b"], dtype=object), binary_data=binary)
    with triton.InferenceServerClient(bounded.inference.removeprefix("http://")) as client:
        answer = client.infer(
            "jane", [tensor], parameters={"seed": 7}, request_compression_algorithm=packing
        )
        assert [text.decode() for text in answer.as_numpy("text_output")] == [TEXT] * 2


def error_of(answer: requests.Response) -> str:
    """The message of an error, in whichever dialect."""
    body = answer.json()
    if "code" in body:
        assert body["code"] == answer.status_code
        return str(body["message"])
    error = body["error"]
    return str(error if isinstance(error, str) else error["message"])


@pytest.mark.parametrize("path", DIALECTS)
@pytest.mark.parametrize(("coding", "body"), DAMAGED)
def test_damaged_data_is_refused(bounded: Running, path: str, coding: str, body: bytes) -> None:
    answer = send(bounded, path, coding, body)
    assert answer.status_code == 400
    assert "as its Content-Encoding says" in error_of(answer)


@pytest.mark.parametrize("path", DIALECTS)
@pytest.mark.parametrize("coding", ["br", "compress", "gzip, br", "made up"])
def test_an_unknown_coding_is_refused_and_the_known_ones_are_named(
    bounded: Running, path: str, coding: str
) -> None:
    answer = send(bounded, path, coding, b"x")
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip, deflate, zstd"
    assert coding.rpartition(", ")[2] in error_of(answer)


@pytest.mark.parametrize("path", DIALECTS)
@pytest.mark.parametrize(("coding", "pack"), PACKED)
def test_what_is_too_large_unpacked_is_refused(
    bounded: Running, path: str, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    fits = json.dumps(DIALECTS[path]).encode().ljust(MOST)
    if coding != "identity":
        assert send(bounded, path, coding, pack(fits)).status_code == 200
    assert send(bounded, path, coding, pack(fits + b" ")).status_code == 413


def test_a_bomb_stops_early(bounded: Running) -> None:
    gigabytes = zlib.compressobj(9, wbits=31)
    bomb = b"".join(gigabytes.compress(bytes(1 << 20)) for _ in range(64)) + gigabytes.flush()
    twice = gzip.compress(bomb)
    assert len(twice) < MOST
    assert send(bounded, "/predictions/jane", "gzip, gzip", twice).status_code == 413
    zeros = zstandard.ZstdCompressor(19).compress(bytes(1 << 28))
    assert len(zeros) < MOST * 3
    assert send(bounded, "/predictions/jane", "zstd", zeros[: MOST - 1]).status_code == 413


def test_a_body_that_nobody_reads_may_be_in_any_coding(bounded: Running) -> None:
    answer = requests.get(
        f"{bounded.inference}/ping", headers={"content-encoding": "br"}, timeout=20
    )
    assert answer.status_code == 200


@given(body=st.binary(max_size=300), coding=st.sampled_from(sorted(CODINGS)))
def test_any_bytes_are_unpacked_or_refused(body: bytes, coding: str) -> None:
    with suppress(HTTPException):  # and nothing else
        assert len(unpacked_body(body, [coding], MOST)) <= MOST


@given(body=st.binary(max_size=3000), at=st.integers(0, len(PACKED) - 1))
def test_what_was_packed_comes_back(body: bytes, at: int) -> None:
    named, pack = PACKED[at]
    codings = [coding.strip().lower() for coding in named.split(",")]
    assert unpacked_body(pack(body), codings, MOST) == body
