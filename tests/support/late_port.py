"""A port that refuses connections for a while, as a new pod's network does, then leads on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def late_port(target: int, seconds: float) -> Iterator[int]:
    """A port that leads to the port `target` after so many seconds, until the block ends."""
    port, over = free_port(), threading.Event()
    thread = threading.Thread(target=_open, args=(port, target, seconds, over), daemon=True)
    thread.start()
    try:
        yield port
    finally:
        over.set()
        thread.join(10)


def _open(port: int, target: int, seconds: float, over: threading.Event) -> None:
    if over.wait(seconds):
        return
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.1)
        while not over.is_set():
            with suppress(TimeoutError):
                near, _ = server.accept()
                threading.Thread(target=_join, args=(near, target), daemon=True).start()


def _join(near: socket.socket, target: int) -> None:
    with near, socket.create_connection(("127.0.0.1", target)) as far:
        answers = threading.Thread(target=_pass_on, args=(far, near), daemon=True)
        answers.start()
        _pass_on(near, far)
        answers.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
