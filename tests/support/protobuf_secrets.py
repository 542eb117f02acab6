"""A Secret as helm's client sends it: in Kubernetes' protobuf, of which no more is understood here.

https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
https://github.com/kubernetes/api/blob/master/core/v1/generated.proto
"""

import base64
from collections.abc import Iterator
from typing import Any

MAGIC = b"k8s\x00"
RAW = 2  # of runtime.Unknown
METADATA, DATA, TYPE = 1, 2, 3  # of Secret
NAME, NAMESPACE, LABELS = 1, 3, 11  # of ObjectMeta
KEY, VALUE = 1, 2  # of an entry of a map
VARINT = 0


def secret_of(body: bytes) -> dict[str, Any]:
    """The document of the Secret in `body`."""
    secret = _message(dict(_fields(body.removeprefix(MAGIC)))[RAW])
    metadata = _message(secret[METADATA][0])
    data = {key: base64.b64encode(value).decode() for key, value in _map(secret.get(DATA, []))}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": metadata[NAME][0].decode(),
            "namespace": metadata[NAMESPACE][0].decode(),
            "labels": {key: value.decode() for key, value in _map(metadata.get(LABELS, []))},
        },
        "data": data,
        "type": secret[TYPE][0].decode(),
    }


def _map(entries: list[bytes]) -> Iterator[tuple[str, bytes]]:
    for entry in entries:
        pair = dict(_fields(entry))
        yield pair[KEY].decode(), pair.get(VALUE, b"")


def _message(body: bytes) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for number, value in _fields(body):
        found.setdefault(number, []).append(value)
    return found


def _fields(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields that hold bytes, by number; whole numbers are passed over."""
    at = 0
    while at < len(body):
        tag, at = _varint(body, at)
        length, at = _varint(body, at)
        if tag & 7 != VARINT:
            yield tag >> 3, body[at : at + length]
            at += length


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
