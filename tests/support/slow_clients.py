"""Clients that keep a server waiting: they read a few bytes now and then, or send one."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

PAUSE = 0.5
"""Seconds from one turn of all slow clients to the next."""
BITE = 8
"""Bytes that a slow reader takes at a turn."""
WINDOW = 1024
"""Bytes that the kernel of a slow reader takes for it."""
ANNOUNCED = 10_000
"""Bytes that a trickling sender says its body has."""


def head(path: str, length: int) -> bytes:
    """The head of a request with a JSON body of so many bytes."""
    lines = (f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json")
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


@contextmanager
def slow_readers(
    address: str, path: str, body: dict[str, Any], count: int
) -> Iterator[Sequence[socket.socket]]:
    """So many clients that ask, and read their answers a few bytes at a time."""
    data = json.dumps(body).encode()
    with _turns(address, count, head(path, len(data)) + data, lambda one: one.recv(BITE)) as all_:
        yield all_


@contextmanager
def trickling_senders(address: str, path: str, count: int) -> Iterator[Sequence[socket.socket]]:
    """So many clients that send their body one byte at a time."""
    begun = head(path, ANNOUNCED) + b'{"'
    with _turns(address, count, begun, lambda one: one.send(b"x")) as all_:
        yield all_


@contextmanager
def _turns(
    address: str, count: int, begin: bytes, turn: Callable[[socket.socket], Any]
) -> Iterator[Sequence[socket.socket]]:
    host, port = address.removeprefix("http://").split(":")
    stop = threading.Event()
    with ExitStack() as stack:
        all_ = []
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
            one.connect((host, int(port)))
            one.sendall(begin)
            one.setblocking(False)
            all_.append(one)

        def take_turns() -> None:
            while not stop.wait(PAUSE):
                for one in all_:
                    with suppress(OSError):  # nothing is there yet, or the server has cut it off
                        turn(one)

        thread = threading.Thread(target=take_turns)
        thread.start()
        try:
            yield all_
        finally:
            stop.set()
            thread.join()
