"""Tables in JSON: a post a line, a list of posts, or pages of posts as APIs answer them."""

import itertools
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, TextIO

from components.collect.json_array import ArrayText
from components.collect.table_rows import MAX_LINE, OpenText, Row, Table, bounded_lines
from components.contracts.errors import BadInputError

MAX_DOCUMENT = 1 << 28
"""Characters of one JSON document that is no list and so is read as a whole."""
_LISTS = ("data", "tweets", "statuses", "posts", "items", "results", "records", "hits")
_WRAPPERS = ("tweet", "post", "status", "data", "_source", "hits")
_OWNERS = (
    *("user", "author", "account", "owner", "actor", "core", "username", "screen_name", "handle"),
    *("user_name", "user_id", "author_id", "account_id"),
)
"""Beside posts these say whose they are, unless the posts do."""
_TEXTS = frozenset({"full_text", "text", "content", "rawContent", "body", "fullText"})
_DEEPEST = 6
_EXTENDED = ("$oid", "$date", "$numberLong", "$numberInt", "$numberDouble")
"""How MongoDB wraps values of other types than JSON has."""
_BETWEEN = re.compile(r"[\s,]*")


def read_json(open_text: OpenText, source: str) -> Table:
    """The table in a JSON file, by how it begins.

    A post may be wrapped (`{"tweet": {…}}`), and stand in a page (`{"data": […]}`): of a page of
    X's API the authors are found among its `includes`.

    Raises:
        BadInputError: it holds no objects; later, from the rows, damage.
    """
    with open_text() as file:
        shape = _shape(file)
    values = {"JSON array": _items, "JSON lines": _lines, "JSON": _document}[shape]
    rows = partial(_rows, open_text, values, source)
    columns: dict[str, None] = {}
    for row in rows():
        columns.update(dict.fromkeys(row.cells or ()))
    if not columns:
        raise BadInputError(f"{source} holds no posts: give one JSON object for each")
    return Table(shape, tuple(columns), rows)


def _shape(file: TextIO) -> str:
    line = next((line for line in iter(partial(file.readline, MAX_LINE), "") if line.strip()), "")
    if line.lstrip("\ufeff \t").startswith("["):
        return "JSON array"
    return "JSON" if len(line) == MAX_LINE or _parsed(line) is None else "JSON lines"


def _rows(open_text: OpenText, values: Any, source: str) -> Iterator[Row]:
    with open_text() as file:
        for where, value in values(file, source):
            posts = list(posts_in(value))
            for number, post in enumerate(posts, 1):
                at = where if len(posts) == 1 else f"{where}, post {number}"
                yield Row(at, flatten(post), "no JSON object")


def _lines(file: TextIO, source: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(bounded_lines(file, source), 1):
        if line.strip():
            yield f"line {number}", _parsed(line)


def _items(file: TextIO, source: str) -> Iterator[tuple[str, Any]]:
    text = ArrayText(file.read, f"{source}, a JSON array,")
    for number, value in enumerate(text.items(), 1):
        yield f"item {number}", value


def _document(file: TextIO, source: str) -> Iterator[tuple[str, Any]]:
    """Objects one after the other, each over several lines or not; most files hold just one."""
    text = file.read(MAX_DOCUMENT + 1)
    if len(text) > MAX_DOCUMENT:
        raise BadInputError(
            f"{source} is one JSON object of more than {MAX_DOCUMENT:,} characters; write its "
            "posts one a line, or as a list"
        )
    decoder, at, number = json.JSONDecoder(), 0, 0
    text = text.lstrip("\ufeff").strip()
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if number == 0 and "\n" in text:
                yield from _lines_of(text)
                return
            raise BadInputError(
                f"{source}, a JSON object, is cut off or damaged ({error})"
            ) from error
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        number += 1
        yield f"object {number}", value


def _lines_of(text: str) -> Iterator[tuple[str, Any]]:
    """A file of lines of which the first is damaged."""
    return ((f"line {n}", _parsed(line)) for n, line in enumerate(text.split("\n"), 1) if line)


def _parsed(line: str) -> Any:
    """The line's value; None where it is damaged."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def posts_in(value: Any) -> Iterator[Any]:
    """The posts of a JSON value: those that it wraps, in a list or alone, or itself."""
    if not isinstance(value, dict) or not _TEXTS.isdisjoint(value):
        yield value
        return
    for name in _LISTS:
        if isinstance(inner := value.get(name), list) and any(isinstance(i, dict) for i in inner):
            users, owner = _users(value), _owner(value)
            for item in inner:
                yield from (_with_author(post, users, owner) for post in posts_in(item))
            return
    for name in _WRAPPERS:
        if isinstance(inner := value.get(name), dict):
            users, owner = _users(value), _owner(value)
            yield from (_with_author(post, users, owner) for post in posts_in(inner))
            return
    yield value


def _users(page: dict[str, Any]) -> dict[str, Any]:
    """The users that a page of X's API includes, by id."""
    includes = page.get("includes")
    users = includes.get("users") if isinstance(includes, dict) else None
    listed = users if isinstance(users, list) else []
    return {str(user.get("id")): user for user in listed if isinstance(user, dict)}


def _owner(value: dict[str, Any]) -> dict[str, Any]:
    """What stands beside posts and says whose they are."""
    return {name: value[name] for name in _OWNERS if value.get(name)}


def _with_author(post: Any, users: dict[str, Any], owner: dict[str, Any]) -> Any:
    if not isinstance(post, dict):
        return post
    author = users.get(str(post.get("author_id")))
    if author and "author" not in post:
        return {**post, "author": author}
    return post if any(post.get(name) for name in _OWNERS) else {**post, **owner}


def flatten(value: Any) -> dict[str, str] | None:
    """An object's cells as text, `user.name` for an object within it; None for anything else.

    Of a list of objects with a type, as `referenced_tweets`, each is a cell of its own, as in
    twarc's tables: `referenced_tweets.retweeted.id`.
    """
    if not isinstance(value, dict):
        return None
    cells: dict[str, str] = {}
    _fill(cells, value, "", _DEEPEST)
    return cells


def _fill(cells: dict[str, str], value: dict[str, Any], prefix: str, depth: int) -> None:
    """Add the cells of `value`; a file has millions of them, so they pass through no iterators."""
    for name, inner in value.items():
        if isinstance(inner, str):
            cells[prefix + name] = inner
        elif isinstance(inner, dict):
            plain = _plain(inner)
            if not isinstance(plain, dict):
                cells[prefix + name] = cell_text(plain)
            elif depth > 1:
                _fill(cells, plain, f"{prefix}{name}.", depth - 1)
        elif isinstance(inner, list):
            cells[prefix + name] = ""
            if inner:
                cells.update(_typed(inner, prefix + name))
        else:
            cells[prefix + name] = cell_text(inner)


def _plain(value: Any) -> Any:
    """`5` for `{"$numberLong": "5"}`, however deep; anything else itself."""
    while isinstance(value, dict) and len(value) == 1 and (name := next(iter(value))) in _EXTENDED:
        value = value[name]
    return value


def _typed(items: list[Any], name: str) -> Iterator[tuple[str, str]]:
    for item in itertools.islice(items, 10):
        if isinstance(item, dict) and isinstance(kind := item.get("type"), str) and "id" in item:
            yield f"{name}.{kind}.id", cell_text(item["id"])


def cell_text(value: Any) -> str:
    """A JSON value as a cell of a CSV would hold it; lists and objects are empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return str(value) if isinstance(value, int | float) else ""
    except ValueError:  # a number of thousands of digits
        return ""
