"""Ids of a table's rows: which to trust, and what stands in for the rest."""

import hashlib
import re
from collections.abc import Collection

from components.collect.spool import Spool, moment

_PRECISE = 2**53  # up to here a spreadsheet's floating-point number holds every integer
_ROUNDED_DIGITS = 16
_ENOUGH = 10
_WORD = re.compile(r"[\w.:+-]{1,64}")
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_MARKED = re.compile(
    r"\A(?:x|id:twitter\.com:|tag:search\.twitter\.com,\d+:)(?=\d{5,}\Z)", re.ASCII
)
"""What rtweet and Gnip set before an id, against spreadsheets."""
_WHOLE_FLOAT = re.compile(r"(\d+)\.0*", re.ASCII)


def trusted_id(stated: str) -> str:
    """The id in a cell or at the end of a link; empty where it is missing or damaged.

    Spreadsheets damage ids: `8.04404E+17` has lost its digits, and so may `804403535312027648.0`.
    """
    value = stated.strip().partition("?")[0].rstrip("/").rpartition("/")[2].strip("\"'= ")
    value = _MARKED.sub("", value)
    if not _WORD.fullmatch(value) or value.lower() in ("nan", "none", "null", "na"):
        return ""
    if whole := _WHOLE_FLOAT.fullmatch(value):
        return whole[1] if int(whole[1]) < _PRECISE else ""
    return "" if _NUMBER.fullmatch(value) and not value.isdigit() else value


def account_id(stated: str) -> str:
    """The account's id in a cell; empty where it is a damaged number.

    What is no number, as an address or a DID of other networks, is an id as it stands.
    """
    value = stated.strip()
    number = _MARKED.sub("", value.strip("\"'= "))
    return trusted_id(number) if _NUMBER.fullmatch(number) else value


def settle_ids(spool: Spool, author: str) -> dict[str, int]:
    """Give each post an id of its own; says how many ids were replaced, and how many rows went.

    Rows equal in id, time and text are one post. A post without an id, or with one that posts of
    another time or text have too, gets `row-` and 16 hex digits of the SHA-256 of its author,
    time, text and how many equal posts came before: the same for the same table in any order.
    """
    _drop_rounded(spool)
    spool.run("CREATE INDEX posts_id ON posts (id, said)")
    spool.run(
        "CREATE TEMP TABLE shared AS SELECT id FROM posts GROUP BY id"
        " HAVING id = '' OR COUNT(DISTINCT said) > 1"
    )
    repeated = spool.run(
        "DELETE FROM posts WHERE id NOT IN (SELECT id FROM shared)"
        " AND place NOT IN (SELECT MIN(place) FROM posts GROUP BY id)"
    )
    spool.run("CREATE TEMP TABLE substitutes (place INTEGER PRIMARY KEY, id TEXT NOT NULL)")
    rows = spool.query(
        "SELECT place, at, text, ROW_NUMBER() OVER (PARTITION BY said ORDER BY place) - 1"
        " FROM posts WHERE id IN (SELECT id FROM shared)"
    )
    for place, at, text, before in rows:
        said = f"{author}\n{moment(at).isoformat()}\n{text}"
        values = (place, substitute_id(said, before))
        spool.run("INSERT INTO substitutes VALUES (?, ?)", values)
    spool.run("DROP INDEX posts_id")
    replaced = spool.run(
        "UPDATE posts SET id = substitutes.id, number = '' FROM substitutes"
        " WHERE posts.place = substitutes.place"
    )
    return {"substitute_ids": replaced, "repeated_rows": repeated}


def is_rounded(ids: Collection[str]) -> bool:
    """Whether most of the long ones among these ids end in 000: a spreadsheet keeps 15 digits."""
    long = [one for one in ids if one.isdigit() and len(one) >= _ROUNDED_DIGITS]
    return sum(one.endswith("000") for one in long) * 2 > len(long)


def _drop_rounded(spool: Spool) -> None:
    """Empty all long ids where most of them end in 000: a spreadsheet keeps 15 digits."""
    long, rounded = spool.one(
        "SELECT COUNT(*), TOTAL(id LIKE '%000') FROM"
        " (SELECT DISTINCT id FROM posts WHERE number != '' AND LENGTH(id) >= ?)",
        (_ROUNDED_DIGITS,),
    )
    if long >= _ENOUGH and rounded * 2 > long:
        spool.run(
            "UPDATE posts SET id = '', number = '' WHERE number != '' AND LENGTH(id) >= ?",
            (_ROUNDED_DIGITS,),
        )


def substitute_id(said: str, before: int) -> str:
    """The stand-in for the id of the row that says this, after `before` equal ones."""
    return "row-" + hashlib.sha256(f"{said}\n{before}".encode()).hexdigest()[:16]
