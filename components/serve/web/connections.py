"""Connections whose other side is slow: no request waits for them, and what they hold is bounded.

An answer is written to its end and kept for its reader, so that its model is free at once.
"""

import asyncio
import fcntl
import logging
import socket
import struct
import termios
from collections import deque
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger(__name__)

MEGABYTE = 1 << 20
MOST_UNREAD = 16 * MEGABYTE
"""Bytes of one answer that may wait for their reader before its writing waits too."""
MOST_UNREAD_IN_ALL = 64 * MEGABYTE
"""Bytes that may wait for all readers; beyond, who is behind for the longest time is cut off."""
LOOKS_A_TIMEOUT = 10
"""Looks at every connection in the time that its other side may take."""
LONGEST_PAUSE = 1.0
AT_ONCE = struct.pack("ii", 1, 0)
"""`SO_LINGER` for a connection that ends with what is unsent."""


class Connections:
    """All open connections of a server."""

    def __init__(self, timeout: float) -> None:
        """`timeout` is how many seconds a client may take to send a request, or to read."""
        self._timeout = timeout
        self._open: set[Connection] = set()
        self._unread = 0  # or less: what was read since the last count is still in it

    def add(self, connection: "Connection") -> None:
        """A connection was made."""
        self._open.add(connection)

    def remove(self, connection: "Connection") -> None:
        """It was lost."""
        self._open.discard(connection)

    def wrote(self, size: int) -> None:
        """So many bytes were given to a connection; make room if they are too many in all."""
        self._unread += size
        if self._unread <= MOST_UNREAD_IN_ALL:
            return
        self._unread = sum(one.kept for one in self._open)
        for one in sorted(self._open, key=lambda one: one.behind_since):
            if self._unread <= MOST_UNREAD_IN_ALL:
                return
            if kept := one.kept:
                self._unread -= kept
                one.cut("too much waits for all readers, and it is behind for the longest time")

    async def watch(self) -> None:
        """Cut off whoever is late, for good."""
        while True:
            await asyncio.sleep(min(LONGEST_PAUSE, self._timeout / LOOKS_A_TIMEOUT))
            for one in list(self._open):
                one.look(self._timeout)


class Connection(HttpToolsProtocol):
    """One connection, whose answers wait in its transport until they are read."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._connections = connections
        self._written = 0
        self._behind: deque[tuple[float, int]] = deque()
        """When how many bytes had been written that were not all read yet."""
        self._coming_since: float | None = None
        """When a request began that has not come whole."""

    @property
    def kept(self) -> int:
        """Bytes that this process keeps for the reader."""
        return self.transport.get_write_buffer_size()

    @property
    def behind_since(self) -> float:
        """When the oldest byte was written that is still unread."""
        return self._behind[0][0] if self._behind else self.loop.time()

    def look(self, timeout: float) -> None:
        """Cut the client off if it is late with its request or with reading."""
        now = self.loop.time()
        if not self._behind or self._behind[-1][1] < self._written:
            self._behind.append((now, self._written))
        read = self._written - self.kept - _in_kernel(self.transport)
        while self._behind and self._behind[0][1] <= read:
            self._behind.popleft()
        if self.behind_since < now - timeout:
            self.cut("it did not read its answer in time")
        answering = self.cycle is not None and not self.cycle.response_complete
        if not answering and self._coming_since is not None and self._coming_since < now - timeout:
            self.cut("its request did not come in time")

    def cut(self, why: str) -> None:
        """End the connection at once, and let the kernel forget what it holds for it."""
        log.info("a client was let go: %s", why)
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE
            )
        self.transport.abort()

    def wrote(self, size: int) -> None:
        """So many bytes were given to the transport."""
        self._written += size
        self._connections.wrote(size)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        transport.set_write_buffer_limits(high=MOST_UNREAD)
        self._coming_since = self.loop.time()
        self._connections.add(self)
        super().connection_made(_Counting(transport, self))  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._connections.remove(self)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The parser saw the first byte of a request."""
        self._coming_since = self.loop.time()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The parser saw its last byte."""
        self._coming_since = None
        super().on_message_complete()


class _Counting:
    """A transport that tells its connection what it is given to write."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport, self._connection = transport, connection

    def write(self, data: bytes) -> None:
        self._transport.write(data)
        self._connection.wrote(len(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def _in_kernel(transport: asyncio.Transport) -> int:
    """Bytes that were sent and that the other side has not taken."""
    with suppress(OSError, ValueError):
        answer = fcntl.ioctl(
            transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, b"\0" * 4
        )
        return int(struct.unpack("i", answer)[0])
    return 0
