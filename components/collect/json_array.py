"""The items of a JSON array one by one, so that its size does not matter."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from components.contracts.errors import BadInputError

CHUNK = 1 << 18
"""Characters read at once."""
MAX_ITEM = 1 << 24
"""Characters of one item; posts have a few thousand."""
_SPACE = re.compile(r"[ \t\r\n]*")
_AFTER_ITEM = tuple(" \t\r\n,]}:")
_JUST_SPACE = re.compile(r"\s*;?\s*")


class ArrayText:
    """Text that comes in pieces and holds one JSON array.

    Args:
        read: gives at most so many further characters, and none at the end.
        where: what messages call the text.
    """

    def __init__(self, read: Callable[[int], str], where: str) -> None:
        self._read, self._where = read, where
        self._text, self._at, self._ended = "", 0, False
        self._decoder = json.JSONDecoder()

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Pass over what `pattern` matches at the beginning, within the first characters."""
        self._more()
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found

    def items(self) -> Iterator[Any]:
        """The items of the array, and nothing but white space or a semicolon behind it.

        Raises:
            BadInputError: it is no array, damaged, cut off, or holds an item beyond all bounds.
        """
        if self._next() != "[":
            raise BadInputError(f"{self._where} holds no list")
        yield from self._array()
        self._check_end()

    def _array(self) -> Iterator[Any]:
        """The items of the array that begins here."""
        self._at += 1
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield self._item()
            if self._ends("]"):
                return

    def _ends(self, end: str) -> bool:
        """Pass over what follows an item: a comma, or the end."""
        mark = self._next()
        self._at += 1
        if mark not in (",", end):
            raise self._damaged("an item is followed by neither a comma nor an end")
        return mark == end

    def _next(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            self._at = self._end_of_space()
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _end_of_space(self) -> int:
        found = _SPACE.match(self._text, self._at)
        return found.end() if found else self._at

    def _item(self) -> Any:
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                problem = error.msg
            except (ValueError, RecursionError) as error:
                raise self._damaged(str(error)) from error
            else:
                # "1" may be the beginning of "1.5": a value is whole if what may follow follows
                if self._ended or self._text[end : end + 1] in _AFTER_ITEM:
                    self._at = end
                    return value
                problem = "it is cut off"
            if len(self._text) - self._at > MAX_ITEM:
                raise self._damaged(f"an item has more than {MAX_ITEM:,} characters, or {problem}")
            if not self._more():
                self._ended = True
                if problem != "it is cut off":
                    raise self._damaged(problem)

    def _more(self) -> bool:
        """Read on, as much again as is being looked at, what was dealt with forgotten."""
        piece = self._read(max(CHUNK, len(self._text) - self._at))
        self._text = self._text[self._at :] + piece
        self._at = 0
        return bool(piece)

    def _check_end(self) -> None:
        while True:
            if not _JUST_SPACE.fullmatch(self._text, self._at):
                raise self._damaged("something follows its data")
            self._at = len(self._text)
            if not self._more():
                return

    def _damaged(self, why: str) -> BadInputError:
        return BadInputError(f"{self._where} is cut off or damaged ({why})")
