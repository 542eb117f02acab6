"""Tensors of the Open Inference Protocol, as JSON and in its binary extension.

In the binary form the request's JSON is followed by the tensors' bytes, and its length stands in
`Inference-Header-Content-Length`; an element of a BYTES tensor is its length (4 bytes, little
endian) and its bytes (github.com/triton-inference-server/server, extension_binary_data.md).
"""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.serve.dialects.open_inference_bodies import TEXT_INPUT, RequestInput
from components.serve.dialects.unread import known_fields, printable_name
from components.serve.problems import Kind, Problem

HEADER = "inference-header-content-length"
TEXT_OUTPUT, FINISH_REASON = "text_output", "finish_reason"
SIZE = "binary_data_size"
BYTES = "BYTES"
NUMBERS = {
    "BOOL": "<?", "UINT8": "<B", "UINT16": "<H", "UINT32": "<I", "UINT64": "<Q", "INT8": "<b",
    "INT16": "<h", "INT32": "<i", "INT64": "<q", "FP16": "<e", "FP32": "<f", "FP64": "<d",
}  # fmt: skip
"""The datatypes of numbers, as `struct` writes them."""
LISTS = frozenset({"stop", "stop_words", "bad_words"})
"""Options that may have several values."""
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
            said = f"{HEADER} is {header!r}, which is not a length within the body"
            raise Problem(Kind.BAD_REQUEST, said)
        length = int(header)
    try:
        return json.loads(body[:length]), body[length:]
    except (ValueError, RecursionError) as error:
        raise Problem(Kind.BAD_REQUEST, f"the body is not JSON: {error}") from error


@dataclass(frozen=True)
class Tensor:
    """An input: its elements in order, and its shape."""

    values: list[Any]
    shape: list[int]


def read_tensors(inputs: Sequence[RequestInput], binary: bytes) -> dict[str, Tensor]:
    """The tensors by name; `binary` is what follows the JSON.

    Raises:
        Problem: one is damaged, is of no known datatype, or its shape and its data differ.
    """
    tensors: dict[str, Tensor] = {}
    for one in inputs:
        size = known_fields(one.parameters or {}, {SIZE}).get(SIZE)
        data = None
        if size is not None:
            if type(size) is not int or not 0 <= size <= len(binary):
                raise _bad(one.name, f"has the {SIZE} {size!r}, which is not a length in the body")
            data, binary = binary[:size], binary[size:]
        if one.name in tensors:
            raise _bad(one.name, "is there twice")
        tensors[one.name] = _tensor(one, data)
    if binary:
        raise Problem(Kind.BAD_REQUEST, f"{len(binary)} bytes follow that belong to no tensor")
    return tensors


def texts_of(tensors: Mapping[str, Tensor]) -> Tensor:
    """The tensor of prompts.

    Raises:
        Problem: there is none, or it is none of texts.
    """
    if TEXT_INPUT not in tensors:
        raise Problem(Kind.BAD_REQUEST, f"there is no input {TEXT_INPUT!r}", TEXT_INPUT)
    texts = tensors[TEXT_INPUT]
    if not texts.values:
        raise _bad(TEXT_INPUT, "holds no text")
    if not all(isinstance(value, str) for value in texts.values):
        raise _bad(TEXT_INPUT, "must be of datatype BYTES")
    return texts


def options_of(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """What tensors beside the texts ask for, each with the same value for all of them.

    Raises:
        Problem: a value differs from one text to the next.
    """
    options: dict[str, Any] = {}
    for name, tensor in tensors.items():
        if name == TEXT_INPUT or not tensor.values:
            continue
        if name in LISTS:
            options[name] = tensor.values
        elif any(value != tensor.values[0] for value in tensor.values):
            raise _bad(name, "differs within the request; send one for each value")
        else:
            options[name] = tensor.values[0]
    return options


def binary_tensor(texts: Sequence[str]) -> bytes:
    """The bytes of a BYTES tensor."""
    parts = (text.encode() for text in texts)
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def _tensor(one: RequestInput, data: bytes | None) -> Tensor:
    kind = BYTES if one.datatype == BYTES else NUMBERS.get(one.datatype)
    if kind is None:
        raise _bad(one.name, f"has the unknown datatype {one.datatype!r}")
    if data is None:
        values = _flat(one.name, one.data, texts=kind == BYTES)
    elif kind == BYTES:
        values = _unpacked(one.name, data)
    else:
        values = _numbers(one.name, data, struct.Struct(kind))
    if any(side < 0 for side in one.shape) or math.prod(one.shape) != len(values):
        raise _bad(one.name, f"has the shape {one.shape} and {len(values)} elements")
    return Tensor(values, one.shape)


def _flat(name: str, data: Any, depth: int = 0, *, texts: bool) -> list[Any]:
    """The elements of a list, or of lists in it: texts whose surrogates pair up, or numbers."""
    if _is_text(data) if texts else isinstance(data, int | float):
        return [data]
    if not isinstance(data, list) or depth > MOST_DEPTH:
        raise _bad(name, f"must hold {'texts' if texts else 'numbers'}")
    return [value for part in data for value in _flat(name, part, depth + 1, texts=texts)]


def _is_text(data: Any) -> bool:
    return isinstance(data, str) and not any(
        "\ud800" <= character <= "\udfff" for character in data
    )


def _numbers(name: str, data: bytes, kind: struct.Struct) -> list[Any]:
    if len(data) % kind.size:
        raise _bad(name, "ends within a number")
    return [value for (value,) in kind.iter_unpack(data)]


def _unpacked(name: str, data: bytes) -> list[str]:
    texts, at = [], 0
    try:
        while at < len(data):
            (length,) = _LENGTH.unpack_from(data, at)
            part = data[at + _LENGTH.size : at + _LENGTH.size + length]
            if len(part) < length:
                raise _bad(name, "ends within a text")
            texts.append(part.decode())
            at += _LENGTH.size + length
    except (struct.error, UnicodeDecodeError) as error:
        raise _bad(name, f"holds bytes that are not text: {error}") from error
    return texts


def _bad(name: str, what: str) -> Problem:
    return Problem(Kind.BAD_REQUEST, f"{printable_name(name)} {what}", printable_name(name))
