"""Telling exports from tables by how their files begin."""

from collections import Counter
from typing import TextIO

from components.collect.exports.outbox import is_outbox, read_outbox
from components.collect.exports.repository_json import is_repository_json, read_repository_json
from components.collect.tables.rows import Table

_HEAD = 8_192


def read_export(file: TextIO, source: str, left_out: Counter[str]) -> Table | None:
    """The posts of an export in `file`; None, with nothing read, where it is none.

    `left_out` counts, as rows are read, what was left out on purpose: `not_public` posts, and those
    of pictures alone, `without_text`.

    Raises:
        BadInputError: later, from the rows: it is damaged, or holds no posts of its owner.
    """
    head = file.read(_HEAD)
    file.seek(0)
    if is_outbox(head):
        return read_outbox(file, source, left_out)
    if is_repository_json(head):
        return read_repository_json(file, source, left_out)
    return None
