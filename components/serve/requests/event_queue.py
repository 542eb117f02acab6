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
        self._resting = False

    def put(self, item: Item, *, last: bool = False) -> None:
        """Add an item, from any thread; the `last` one wakes the loop at once."""
        with self._lock:
            self._items.append(item)
            wake = not self._woken and (last or not self._resting)
            self._woken |= wake
        if wake:
            with suppress(RuntimeError):  # the loop is closed: nobody reads
                self._loop.call_soon_threadsafe(self._arrived.set)

    async def take(self, pause: float = 0.0) -> list[Item]:
        """Wait until there is something; return all that there is, in its order.

        Nothing wakes the loop in the first `pause` seconds but the last item.
        """
        if pause:
            await self._rest(pause)
        while True:
            await self._arrived.wait()
            with self._lock:
                items, self._woken = list(self._items), False
                self._items.clear()
                self._arrived.clear()
            if items:  # else a wake came late for what a rest gave already
                return items

    async def _rest(self, seconds: float) -> None:
        with self._lock:
            self._resting = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        with self._lock:
            self._resting = False
            if self._items:
                self._arrived.set()
