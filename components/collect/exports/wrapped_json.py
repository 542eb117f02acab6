"""Items of JSON that lie in arrays within objects, one by one, so that the file's size does not
matter.
"""

from collections.abc import Iterator
from typing import Any

from components.collect.json_array import ArrayText

MAX_MEMBERS = 1_000
"""Members of an object beside its items; pages have a handful."""


class WrappedText(ArrayText):
    """Text that comes in pieces and holds JSON arrays and objects, one behind the other."""

    def items_under(self, key: str) -> Iterator[Any]:
        """The items of every array, those of the array under `key` of every object, and every
        object without it.

        Raises:
            BadInputError: it is damaged, cut off, or holds an item beyond all bounds.
        """
        while mark := self._next():
            if mark == "[":
                yield from self._array()
            elif mark == "{":
                yield from self._object(key)
            else:
                raise self._damaged("neither an object nor a list begins where one should")

    def _object(self, key: str) -> Iterator[Any]:
        members: dict[str, Any] = {}
        found = False
        self._at += 1
        if self._next() == "}":
            self._at += 1
        else:
            while True:
                name = self._name()
                if name == key and self._next() == "[":
                    found = True
                    yield from self._array()
                elif len(members) < MAX_MEMBERS:
                    members[name] = self._item()
                else:
                    raise self._damaged(f"an object has more than {MAX_MEMBERS:,} members")
                if self._ends("}"):
                    break
        if not found:
            yield members

    def _name(self) -> str:
        """A member's name, and the colon behind it."""
        if self._next() != '"':
            raise self._damaged("a member has no name")
        name = str(self._item())
        if self._next() != ":":
            raise self._damaged("a name is followed by no colon")
        self._at += 1
        return name
