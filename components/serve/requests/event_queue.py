"""What an engine's thread says, for the event loop to read."""

import asyncio
from collections import deque
from contextlib import suppress
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")


class EventQueue(Generic[Item]):
    """Takes items from any thread; one wake of the loop is for all that came since the last."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._items: deque[Item] = deque()
        self._lock = Lock()
        self._woken = False

    def put(self, item: Item) -> None:
        """Add an item, from any thread."""
        with self._lock:
            self._items.append(item)
            wake, self._woken = not self._woken, True
        if wake:
            with suppress(RuntimeError):  # the loop is closed: nobody reads
                self._loop.call_soon_threadsafe(self._arrived.set)

    async def take(self) -> list[Item]:
        """Wait until there is something; return all that there is, in its order."""
        await self._arrived.wait()
        with self._lock:
            items, self._woken = list(self._items), False
            self._items.clear()
            self._arrived.clear()
        return items
