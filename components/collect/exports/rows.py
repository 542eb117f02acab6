"""The rows in which exports are given, in columns that the `plain` preset of tables knows."""

from collections.abc import Iterable, Iterator

from components.collect.table_rows import Row

COLUMNS = (
    *("id", "text", "created_at", "username", "user_id", "lang"),
    *("is_retweet", "is_quote", "in_reply_to_screen_name"),
)


def make_row(where: str, **cells: str) -> Row:
    """A row of these cells by column; texts are escaped once, as in all sources."""
    return Row(where, {**dict.fromkeys(COLUMNS, ""), **cells})


def flag(said: object) -> str:
    """A cell that says whether something is so."""
    return "true" if said else ""


def with_text(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, those of pictures alone left out as `without_text`."""
    for row in rows:
        is_empty = row.cells is not None and not row.cells["text"]
        yield Row(row.where, None, left_out="without_text") if is_empty else row
