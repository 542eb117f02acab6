"""Tensors of texts in the Open Inference Protocol, as JSON and in its binary extension.

In the binary form the request's JSON is followed by the tensors' bytes, and its length stands in
`Inference-Header-Content-Length`; an element of a BYTES tensor is its length (4 bytes, little
endian) and its bytes (github.com/triton-inference-server/server, extension_binary_data.md).
"""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from components.serve.problems import Kind, Problem

HEADER = "inference-header-content-length"
TEXT_INPUT, TEXT_OUTPUT, FINISH_REASON = "text_input", "text_output", "finish_reason"
MOST_DEPTH = 8
_LENGTH = struct.Struct("<I")


def split_body(body: bytes, header: str | None) -> tuple[Any, bytes]:
    """The JSON and the bytes behind it.

    Raises:
        Problem: the length in the header is none, or what it bounds is no JSON.
    """
    length = len(body)
    if header is not None:
        if not header.isdigit() or int(header) > len(body):
            raise _bad(f"{HEADER} is {header!r}, which is no length within the body")
        length = int(header)
    try:
        return json.loads(body[:length]), body[length:]
    except (ValueError, RecursionError) as error:
        raise _bad(f"the body is not JSON: {error}") from error


def text_inputs(inputs: Sequence[Mapping[str, Any]], binary: bytes) -> list[str]:
    """The texts of the tensor `text_input`, in order.

    Raises:
        Problem: there is none, it is no BYTES tensor, or its shape and its data differ.
    """
    texts: list[str] | None = None
    for tensor in inputs:
        size = (tensor.get("parameters") or {}).get("binary_data_size")
        data, binary = (binary[:size], binary[size:]) if isinstance(size, int) else (None, binary)
        if tensor.get("name") == TEXT_INPUT:
            texts = _texts(tensor, data)
    if texts is None:
        raise _bad(f"there is no input {TEXT_INPUT!r}")
    return texts


def binary_tensor(texts: Sequence[str]) -> bytes:
    """The bytes of a BYTES tensor."""
    parts = (text.encode() for text in texts)
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def _texts(tensor: Mapping[str, Any], data: bytes | None) -> list[str]:
    if tensor.get("datatype") != "BYTES":
        raise _bad(f"{TEXT_INPUT} must be of datatype BYTES")
    texts = _flat(tensor.get("data")) if data is None else _unpacked(data)
    shape = tensor.get("shape")
    if not isinstance(shape, list) or not all(type(side) is int and side >= 0 for side in shape):
        raise _bad(f"{TEXT_INPUT} has no shape")
    size = 1
    for side in shape:
        size *= side
    if size != len(texts) or not texts:
        raise _bad(f"{TEXT_INPUT} has the shape {shape} and {len(texts)} texts")
    return texts


def _flat(data: Any, depth: int = 0) -> list[str]:
    """The texts of a list, or of lists in it, whose surrogates pair up."""
    if isinstance(data, str) and _is_text(data):
        return [data]
    if not isinstance(data, list) or depth > MOST_DEPTH:
        raise _bad(f"the data of {TEXT_INPUT} must be texts")
    return [text for part in data for text in _flat(part, depth + 1)]


def _is_text(data: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in data)


def _unpacked(data: bytes) -> list[str]:
    texts, at = [], 0
    try:
        while at < len(data):
            (length,) = _LENGTH.unpack_from(data, at)
            part = data[at + _LENGTH.size : at + _LENGTH.size + length]
            if len(part) < length:
                raise _bad(f"the bytes of {TEXT_INPUT} end within a text")
            texts.append(part.decode())
            at += _LENGTH.size + length
    except (struct.error, UnicodeDecodeError) as error:
        raise _bad(f"the bytes of {TEXT_INPUT} are no texts: {error}") from error
    return texts


def _bad(message: str) -> Problem:
    return Problem(Kind.BAD_REQUEST, message, TEXT_INPUT)
