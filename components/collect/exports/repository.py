"""A Bluesky repository as Settings, Account, Export my data gives it: one CAR file (`repo.car`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.collect.bluesky.preference import COLLECTION
from components.collect.exports.car import Blocks
from components.collect.exports.dag_cbor import Link
from components.collect.exports.records import POST, RECORD_COLUMNS, REPOST, row_of_record
from components.collect.exports.rows import with_text
from components.collect.exports.search_tree import read_entries
from components.collect.json_fields import as_object, as_text
from components.collect.table_rows import Row, Table


def read_repository(path: Path, source: str) -> Table:
    """The posts and reposts in the CAR file at `path`; `source` is what messages call it.

    It knows the account by its DID alone. Posts of pictures alone are left out as `without_text`.

    Raises:
        BadInputError: it is no whole CAR file of a repository; later, from the rows, damage.
    """
    blocks = Blocks(path, source)
    with blocks.reading() as file:
        commit = as_object(blocks.read(file, blocks.root))
    did, tree = as_text(commit.get("did")), commit.get("data")
    if not did.startswith("did:") or not isinstance(tree, Link):
        raise blocks.damaged("its root is not a commit of a repository")
    return Table(
        "Bluesky repository",
        RECORD_COLUMNS,
        lambda: with_text(_rows(blocks, tree, did)),
        lambda: _wishes(blocks, tree),
    )


def _wishes(blocks: Blocks, tree: Link) -> Iterator[dict[str, Any]]:
    with blocks.reading() as file:
        for key, cid in read_entries(blocks, file, tree):
            if key.startswith(f"{COLLECTION}/"):
                yield as_object(blocks.read(file, cid))


def _rows(blocks: Blocks, tree: Link, did: str) -> Iterator[Row]:
    with blocks.reading() as file:
        for key, cid in read_entries(blocks, file, tree):
            collection, _, name = key.partition("/")
            if collection in (POST, REPOST):
                record = as_object(blocks.read(file, cid))
                yield row_of_record(record, name, did, f"record {name}")
