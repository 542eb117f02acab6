"""The bodies of requests on their way: what all of them hold together is bounded."""

from typing import Protocol

MOST_COMING = 64 << 20
"""Bytes that bodies may hold before they are whole, all together; one may always come whole."""


class Body(Protocol):
    """A body that has not come whole."""

    def give_up(self) -> None:
        """Take no more of it, and say so to whoever sends it."""
        ...


class Bodies:
    """All bodies of one port that have not come whole."""

    def __init__(self, largest: int) -> None:
        """`largest` is how many bytes one body may have."""
        self._most = max(MOST_COMING, largest)
        self._coming: dict[Body, int] = {}

    def add(self, body: Body, size: int) -> None:
        """So much of a body came; if all are too much now, the largest one is given up."""
        self._coming[body] = self._coming.get(body, 0) + size
        if sum(self._coming.values()) > self._most:
            largest = max(self._coming, key=self._coming.__getitem__)
            self.drop(largest)
            largest.give_up()

    def drop(self, body: Body) -> None:
        """It came whole, or no more of it comes."""
        self._coming.pop(body, None)
