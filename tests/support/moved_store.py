"""A store that moves: connections opened before stay at an end that is no longer the store."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
PIECE = 1 << 16


class MovedStore:
    """Joins each connection to the store at `upstream`, byte for byte, until it moves."""

    def __init__(self, upstream: str, listener: socket.socket) -> None:
        address = urlsplit(upstream)
        self._upstream = (address.hostname or "", address.port or 80)
        self._listener = listener
        self._moves = 0
        self.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.stale_answers = 0
        """How many requests were answered where the store is no more."""

    def move(self) -> None:
        """From now on open connections answer 404 for good, and new ones reach the store."""
        self._moves += 1

    def accept(self) -> None:
        """Serve until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        opened = self._moves
        with suppress(OSError), client, socket.create_connection(self._upstream) as store:
            threading.Thread(target=_pour, args=(store, client), daemon=True).start()
            while asked := client.recv(PIECE):
                if opened == self._moves:
                    store.sendall(asked)
                else:  # a request without a body comes in one piece here
                    self.stale_answers += 1
                    client.sendall(NOT_FOUND)


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(PIECE):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def moved_store(upstream: str) -> Iterator[MovedStore]:
    """Stand before the store at `upstream` until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        store = MovedStore(upstream, listener)
        thread = threading.Thread(target=store.accept, daemon=True)
        thread.start()
        yield store
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
