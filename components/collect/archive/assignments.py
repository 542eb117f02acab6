"""The files of an archive: JSON behind a JavaScript assignment."""

import json
import re
from typing import Any

from components.contracts.errors import BadInputError

_START = re.compile(r"\s*(?:window\.|var\s+)([\w.]{1,100})\s*=\s*", re.ASCII)
_END = re.compile(r"\s*;?\s*")


def parse_assignment(data: bytes, where: str, names: str) -> Any:
    """The value in `window.YTD.tweets.part0 = […]`; `names` matches the name assigned to.

    Raises:
        BadInputError: it is no such text, or what it holds is something else than `names`.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{where} is not UTF-8 text; download the archive again") from error
    start = _START.match(text)
    if not start:
        raise BadInputError(f"{where} is not a file of an X archive: it begins with no assignment")
    if not re.fullmatch(names, start[1]):
        raise BadInputError(f"{where} holds {start[1]}, not what its name says")
    try:
        value, end = json.JSONDecoder().raw_decode(text, start.end())
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{where} is cut off or damaged ({error})") from error
    if not _END.fullmatch(text, end):
        raise BadInputError(f"{where} is damaged: something follows its data")
    return value


def parse_entries(data: bytes, where: str, names: str, wrapper: str) -> list[dict[str, Any]]:
    """The objects of a file's list, out of their `{wrapper: …}` where they have one.

    What is no object comes back as an empty one, so that it is counted.
    """
    value = parse_assignment(data, where, names)
    if not isinstance(value, list):
        raise BadInputError(f"{where} holds no list; download the archive again")
    return [as_object(as_object(entry).get(wrapper, entry)) for entry in value]


def as_object(value: Any) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a JSON array; none if it is no array."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """A JSON string or whole number as text, else nothing: archives write numbers as strings."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)
