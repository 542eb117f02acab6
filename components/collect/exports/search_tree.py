"""The tree in which a repository keeps its records (atproto.com/specs/repository#mst-structure)."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from components.collect.exports.car import Blocks
from components.collect.exports.dag_cbor import Link
from components.collect.json_fields import as_object

_LONGEST_KEY = 1_024


def read_entries(blocks: Blocks, file: BinaryIO, root: Link) -> Iterator[tuple[str, Link]]:
    """The keys of a repository, as `app.bsky.feed.post/3kabc`, and their records' CIDs, by key.

    Raises:
        BadInputError: a part of the tree is missing or damaged.
    """
    waiting: list[Link | tuple[bytes, Link]] = [root]
    seen: set[bytes] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, tuple):
            yield one[0].decode(errors="replace"), one[1]
        elif one in seen:
            raise blocks.damaged("a part of its tree lies below itself")
        else:
            seen.add(one)
            waiting += reversed(_below(blocks, as_object(blocks.read(file, one))))


def _below(blocks: Blocks, node: dict[str, Any]) -> list[Link | tuple[bytes, Link]]:
    """What a node holds in its order: further nodes, and keys with their records.

    Of each key but that is stated which differs from the one before.
    """
    left, entries, key = node.get("l"), node.get("e"), b""
    found: list[Link | tuple[bytes, Link]] = [left] if isinstance(left, Link) else []
    for entry in map(as_object, entries if isinstance(entries, list) else ()):
        same, rest, value = entry.get("p"), entry.get("k"), entry.get("v")
        if not (isinstance(same, int) and isinstance(rest, bytes) and isinstance(value, Link)):
            raise blocks.damaged("an entry of its tree is not one")
        if not 0 <= same <= len(key) or same + len(rest) > _LONGEST_KEY:
            raise blocks.damaged("a key of its tree is not one")
        key = key[:same] + rest
        found.append((key, value))
        if isinstance(right := entry.get("t"), Link):
            found.append(right)
    return found
