"""Telling exports from tables by how their files begin."""

from components.collect.exports.outbox import is_outbox, read_outbox
from components.collect.exports.repository_json import is_repository_json, read_repository_json
from components.collect.table_rows import OpenText, Table

_HEAD = 8_192


def read_export(open_text: OpenText, source: str) -> Table | None:
    """The posts of an export; None where the file is none.

    Rows left out on purpose are called `not_public`, and `without_text` where there are pictures
    alone.

    Raises:
        BadInputError: later, from the rows: it is damaged, or holds no posts of its owner.
    """
    with open_text() as file:
        head = file.read(_HEAD)
    if is_outbox(head):
        return read_outbox(open_text, source)
    if is_repository_json(head):
        return read_repository_json(open_text, source)
    return None
