"""Exports as Mastodon and Bluesky make them, for tests: outboxes, repositories."""

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from components.collect.exports.dag_cbor import Link

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ANN = "https://social.example/users/ann"
FOLLOWERS = f"{ANN}/followers"
DID = "did:plc:ann"


def activity(number: int, content: str, /, **note: Any) -> dict[str, Any]:
    """A public post of ann's as Mastodon puts it into an outbox; `note` changes its object."""
    uri = f"{ANN}/statuses/{112 * 10**15 + number}"
    made = {
        "id": uri,
        "type": "Note",
        "summary": None,
        "inReplyTo": None,
        "published": f"2024-01-01T00:{number:02}:00Z",
        "url": f"https://social.example/@ann/{112 * 10**15 + number}",
        "attributedTo": ANN,
        "to": [PUBLIC],
        "cc": [FOLLOWERS],
        "sensitive": False,
        "content": content,
        "contentMap": {"en": content},
        "attachment": [],
        "tag": [],
        **note,
    }
    return {
        "id": f"{uri}/activity",
        "type": "Create",
        "actor": ANN,
        "published": made["published"],
        "to": made["to"],
        "cc": made["cc"],
        "object": made,
    }


def boost(number: int, link: str, **more: Any) -> dict[str, Any]:
    """A public repost of the post at `link`."""
    return {
        "id": f"{ANN}/statuses/{112 * 10**15 + number}/activity",
        "type": "Announce",
        "actor": ANN,
        "published": f"2024-01-01T00:{number:02}:00Z",
        "to": [PUBLIC],
        "cc": [FOLLOWERS],
        "object": link,
        **more,
    }


def outbox(activities: Iterable[Any], **more: Any) -> str:
    """The text of an `outbox.json`."""
    items = list(activities)
    return json.dumps(
        {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": "outbox.json",
            "type": "OrderedCollection",
            "totalItems": len(items),
            "orderedItems": items,
            **more,
        },
        ensure_ascii=False,
    )


def bsky_record(number: int, text: str, **more: Any) -> dict[str, Any]:
    """A post's record."""
    made = f"2024-01-01T00:{number:02}:00.000Z"
    return {"$type": "app.bsky.feed.post", "text": text, "createdAt": made, "langs": ["en"], **more}


def encoded(value: Any) -> bytes:
    """A value in DAG-CBOR."""
    match value:
        case bool() | None:
            return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case Link():
            return b"\xd8\x2a" + encoded(b"\0" + bytes(value))
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(encoded, value))
        case dict():
            names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
            pairs = (encoded(name) + encoded(value[name]) for name in names)
            return _head(5, len(value)) + b"".join(pairs)
    raise TypeError(value)


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    power = next(power for power in range(4) if number < 1 << (8 << power))
    return bytes([kind << 5 | 24 + power]) + number.to_bytes(1 << power, "big")


class Repository:
    """The blocks of a repository, with the tree that atproto asks for."""

    def __init__(self, records: Mapping[str, Any], did: str = DID) -> None:
        """The records by their keys, as `app.bsky.feed.post/3kabc`."""
        self.blocks: dict[Link, bytes] = {}
        entries = [(key.encode(), self.put(record)) for key, record in sorted(records.items())]
        top = max((_layer(key) for key, _ in entries), default=0)
        self.tree = self._node(entries, top)
        commit = {"did": did, "rev": "3k", "data": self.tree, "prev": None, "version": 3}
        self.root = self.put(commit | {"sig": b"sig"})

    def put(self, value: Any) -> Link:
        """Add a block."""
        data = encoded(value)
        cid = Link(b"\x01\x71\x12\x20" + hashlib.sha256(data).digest())
        self.blocks[cid] = data
        return cid

    def car(self) -> bytes:
        """The CAR file."""
        parts = [encoded({"roots": [self.root], "version": 1})]
        parts += [cid + data for cid, data in reversed(self.blocks.items())]
        return b"".join(varint(len(part)) + part for part in parts)

    def write(self, path: Path) -> Path:
        """Write the CAR file."""
        path.write_bytes(self.car())
        return path

    def _node(self, entries: list[tuple[bytes, Link]], layer: int) -> Link:
        """A node of the tree: the keys of its layer, and nodes of the next between them."""
        places = [at for at, (key, _) in enumerate(entries) if _layer(key) == layer]
        starts, ends = [0, *(at + 1 for at in places)], [*places, len(entries)]
        between = [
            self._node(entries[start:end], layer - 1) if start < end else None
            for start, end in zip(starts, ends, strict=True)
        ]
        before, made = b"", []
        for at, right in zip(places, between[1:], strict=True):
            key, value = entries[at]
            same = len(_common(before, key))
            made.append({"p": same, "k": key[same:], "v": value, "t": right})
            before = key
        return self.put({"l": between[0], "e": made})


def varint(number: int) -> bytes:
    """A number as CAR files hold lengths."""
    out = b""
    while number >= 0x80:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def _layer(key: bytes) -> int:
    digest = int.from_bytes(hashlib.sha256(key).digest(), "big")
    return (256 - digest.bit_length()) // 2


def _common(one: bytes, other: bytes) -> bytes:
    pairs = enumerate(zip(one, other, strict=False))
    end = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
    return one[:end]
