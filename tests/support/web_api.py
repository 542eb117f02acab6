"""A server of a web API in a thread of the test's own process, and what may go wrong with one."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from support.archives import PNG

Answer = tuple[int, Mapping[str, str], bytes]
Fault = Callable[[BaseHTTPRequestHandler], Answer | None]
"""Does something else than answering: gives another answer, or None if it saw to all itself."""


def sending(body: bytes, status: int = 200) -> Fault:
    """A fault: one request is answered with these bytes."""
    return lambda _: (status, {}, body)


def cutting(handler: BaseHTTPRequestHandler) -> None:
    """A fault: the connection breaks in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


def hanging_up(handler: BaseHTTPRequestHandler) -> None:
    """A fault: the connection breaks without an answer."""
    handler.close_connection = True


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """A fault: the answer comes byte by byte, and never ends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.close_connection = True
    with suppress(OSError):
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            threading.Event().wait(0.02)


def endless(handler: BaseHTTPRequestHandler) -> None:
    """A fault: the answer has no end."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    with suppress(OSError):
        while True:
            handler.wfile.write(b" " * (1 << 16))


def silent_for(seconds: float) -> Fault:
    """A fault: nothing comes for so long, then the connection ends."""

    def be_silent(handler: BaseHTTPRequestHandler) -> None:
        threading.Event().wait(seconds)
        handler.close_connection = True

    return be_silent


@dataclass
class WebApi:
    """What a server allows and has seen; tests change it as they like."""

    url: str = ""
    requests_left: int = 10_000
    reset_after: float = 300.0
    faults: list[Fault | None] = field(default_factory=list)
    """One for each request to come but pictures; None and what comes after: as it should be."""
    seen: list[str] = field(default_factory=list)
    """Path and query of every request, in order."""

    def answer(self, method: str, path: str, query: Mapping[str, list[str]]) -> Answer:
        """Answer a request."""
        raise NotImplementedError


class AnsweringHandler(BaseHTTPRequestHandler):
    """Sends whole answers, and logs nothing."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet

    def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def in_thread(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve with this handler until the block ends; gives where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


Api = TypeVar("Api", bound=WebApi)
JSON = {"Content-Type": "application/json"}


@contextmanager
def web_api(state: Api) -> Iterator[Api]:
    """Serve what `state` answers, and a picture at `/pictures/…`."""

    class Handler(AnsweringHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            state.seen.append(self.path)
            if parts.path.startswith("/pictures/"):
                self._send(200, {}, PNG)
            elif state.faults and (fault := state.faults.pop(0)):
                if answer := fault(self):
                    self._send(*answer)
            else:
                query = parse_qs(parts.query, keep_blank_values=True)
                self._send(*state.answer(self.command, parts.path, query))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send(status, JSON | dict(headers), body)

    with in_thread(Handler) as state.url:
        yield state
