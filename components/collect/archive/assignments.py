"""The files of an archive: JSON behind a JavaScript assignment."""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from components.collect.json_array import ArrayText
from components.collect.json_fields import as_object
from components.contracts.errors import BadInputError

_START = re.compile(r"\ufeff?\s{0,99}(?:window\.|var\s+)([\w.]{1,100})\s{0,99}=\s{0,99}", re.ASCII)
_END = re.compile(r"\s*;?\s*")


def parse_assignment(data: bytes, where: str, names: str) -> Any:
    """The value in `window.__THAR_CONFIG = {…}`; `names` matches the name assigned to.

    Raises:
        BadInputError: it is no such text, or what it holds is something else than `names`.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _no_text(where) from error
    start = _check_name(_START.match(text), where, names)
    try:
        value, end = json.JSONDecoder().raw_decode(text, start.end())
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{where} is cut off or damaged ({error})") from error
    if not _END.fullmatch(text, end):
        raise BadInputError(f"{where} is damaged: something follows its data")
    return value


def parse_entries(
    read: Callable[[int], bytes], where: str, names: str, wrapper: str
) -> Iterator[dict[str, Any]]:
    """The objects of the list in `window.YTD.tweets.part0 = […]`, without their `{wrapper: …}`.

    What is no object comes as an empty one, so that it is counted.

    Args:
        read: gives at most so many further bytes, and none at the end.
        where: what messages call the file.
        names: matches the name assigned to.
        wrapper: the one key of an entry, where it is wrapped.

    Raises:
        BadInputError: as `parse_assignment`, or it holds no list.
    """
    text = ArrayText(_decoded(read, where), where)
    _check_name(text.match(_START), where, names)
    for entry in text.items():
        yield as_object(as_object(entry).get(wrapper, entry))


def _check_name(start: re.Match[str] | None, where: str, names: str) -> re.Match[str]:
    if not start:
        raise BadInputError(f"{where} is not a file of an X archive: it begins with no assignment")
    if not re.fullmatch(names, start[1]):
        raise BadInputError(f"{where} holds {start[1]}, not what its name says")
    return start


def _decoded(read: Callable[[int], bytes], where: str) -> Callable[[int], str]:
    """Read UTF-8 in pieces."""
    decoder = codecs.getincrementaldecoder("utf-8")()

    def read_text(size: int) -> str:
        try:
            while data := read(size):
                if text := decoder.decode(data):
                    return text
            return decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise _no_text(where) from error

    return read_text


def _no_text(where: str) -> BadInputError:
    return BadInputError(f"{where} is not UTF-8 text; download the archive again")
