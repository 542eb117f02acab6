"""Records of a Bluesky repository as JSON: pages of com.atproto.repo.listRecords, or records alone.

Records come by themselves, as `goat repo unpack` writes them, or as `{"uri": …, "value": {…}}`; in
lines, lists, or under `records`.
"""

import re
from collections.abc import Iterator
from typing import Any, TextIO

from components.collect.bluesky.preference import COLLECTION
from components.collect.exports.records import POST, RECORD_COLUMNS, REPOST, row_of_record
from components.collect.exports.rows import with_text
from components.collect.exports.wrapped_json import WrappedText
from components.collect.json_fields import as_object, as_text
from components.collect.table_rows import OpenText, Row, Table
from components.contracts.errors import BadInputError

_START = r"[\s\ufeff]*(?:\[\s*)?\{\s*"
_PAGE = re.compile(
    _START + r'"(?:records"\s*:\s*\[|cursor"\s*:\s*"[^"]*"\s*,\s*"records"\s*:\s*\[)'
)
_LISTED = re.compile(r'"uri"\s*:\s*"at://')
_VALUE = re.compile(r'"value"\s*:\s*\{')
_TEXT = r'(?:"text"\s*:\s*"(?:[^"\\]|\\.)*"\s*,\s*)?'  # by length, it is before $type
_RECORD = re.compile(_START + _TEXT + r'"\$type"\s*:\s*"app\.bsky\.')
_FEED = re.compile(_START + r'"feed"\s*:\s*\[\s*\{\s*"post"\s*:')


def is_repository_json(head: str) -> bool:
    """Whether a file that begins so holds records of a Bluesky repository."""
    is_json = head.lstrip("\ufeff \t\r\n").startswith(("[", "{"))
    is_listed = is_json and _LISTED.search(head) and _VALUE.search(head)
    return bool(is_listed or _PAGE.match(head) or _RECORD.match(head) or _FEED.match(head))


def read_repository_json(open_text: OpenText, source: str) -> Table:
    """The posts and reposts among the records; `source` is what messages call the file.

    Posts of pictures alone are left out as `without_text`.

    Raises:
        BadInputError: later, from the rows: it is damaged, or a feed in place of a repository.
    """

    def rows() -> Iterator[Row]:
        with open_text() as file:
            yield from with_text(_rows(file, source))

    def wishes() -> Iterator[dict[str, Any]]:
        with open_text() as file:
            for record, _, _ in _records(file, source):
                if as_text(record.get("$type")) == COLLECTION:
                    yield record

    return Table("Bluesky records", RECORD_COLUMNS, rows, wishes)


def _rows(file: TextIO, source: str) -> Iterator[Row]:
    for number, (record, did, key) in enumerate(_records(file, source), 1):
        if as_text(record.get("$type")) in (POST, REPOST):
            yield row_of_record(record, key, did, f"record {number}")


def _records(file: TextIO, source: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Each record, its account's DID and its key, as `_record` gives them."""
    text = WrappedText(file.read, f"{source}, records of Bluesky,")
    for item in text.items_under("records"):
        stated = as_object(item)
        if "feed" in stated and "value" not in stated:
            raise BadInputError(
                f"{source} is a feed, which holds posts of other people too; give --bluesky, or "
                "pages of com.atproto.repo.listRecords"
            )
        yield _record(stated)


def _record(stated: dict[str, Any]) -> tuple[dict[str, Any], str, str]:
    """A record, its account's DID and its key: both empty where a record stands by itself."""
    if "value" not in stated:
        return stated, "", ""
    did, _, path = as_text(stated.get("uri")).removeprefix("at://").partition("/")
    return as_object(stated.get("value")), did, path.rpartition("/")[2]
