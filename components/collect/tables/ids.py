"""Ids of a table's rows: which to trust, and what stands in for the rest."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from components.contracts.posts import Post

_PRECISE = 2**53  # up to here a spreadsheet's floating-point number holds every integer
_ROUNDED_DIGITS = 16
_ENOUGH = 10
_WORD = re.compile(r"[\w.:+-]{1,64}")
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_WHOLE_FLOAT = re.compile(r"(\d+)\.0*", re.ASCII)


def trusted_id(stated: str) -> str:
    """The id in a cell or at the end of a link; empty where it is missing or damaged.

    Spreadsheets damage ids: `8.04404E+17` has lost its digits, and so may `804403535312027648.0`.
    """
    value = stated.strip().partition("?")[0].rstrip("/").rpartition("/")[2].strip("\"'= ")
    if not _WORD.fullmatch(value) or value.lower() in ("nan", "none", "null"):
        return ""
    if whole := _WHOLE_FLOAT.fullmatch(value):
        return whole[1] if int(whole[1]) < _PRECISE else ""
    return "" if _NUMBER.fullmatch(value) and not value.isdigit() else value


def drop_rounded(ids: Sequence[str]) -> list[str]:
    """The ids, all long ones emptied where most end in 000: a spreadsheet keeps 15 digits."""
    long = {one for one in ids if one.isdigit() and len(one) >= _ROUNDED_DIGITS}
    rounded = sum(one.endswith("000") for one in long)
    if len(long) < _ENOUGH or rounded * 2 <= len(long):
        return list(ids)
    return ["" if one in long else one for one in ids]


def settle_ids(posts: Sequence[Post]) -> tuple[list[Post], dict[str, int]]:
    """The posts, each with an id of its own, and how many ids and rows were replaced or dropped.

    Rows equal in id, time and text are one post. A post without an id, or with one that posts of
    another time or text have too, gets `row-` and 16 hex digits of the SHA-256 of its author,
    time, text and how many equal posts came before: the same for the same table in any order.
    """
    trusted = drop_rounded([post.id for post in posts])
    meanings = defaultdict(set)
    for post_id, post in zip(trusted, posts, strict=True):
        meanings[post_id].add((post.created_at, post.text))
    settled: dict[str, Post] = {}
    substitutes, repeats, equals = 0, 0, Counter[str]()
    for post_id, post in zip(trusted, posts, strict=True):
        if post_id and len(meanings[post_id]) == 1:
            repeats += post_id in settled
        else:
            said = f"{post.author}\n{post.created_at.isoformat()}\n{post.text}"
            post_id = substitute_id(said, equals[said])
            equals[said] += 1
            substitutes += 1
        settled.setdefault(post_id, post.model_copy(update={"id": post_id}))
    counts = {"substitute_ids": substitutes, "repeated_rows": repeats}
    return list(settled.values()), counts


def substitute_id(said: str, before: int) -> str:
    """The stand-in for the id of the row that says this, after `before` equal ones."""
    return "row-" + hashlib.sha256(f"{said}\n{before}".encode()).hexdigest()[:16]
