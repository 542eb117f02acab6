"""An HTTP proxy between a client and a store that breaks what it is told to break."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SLICES = 20
MARK = b"small document"
"""What a payload begins with whose bytes are to be told from those around it."""


class Fault(Enum):
    """What may go wrong with one request."""

    CUT_UPLOAD = auto()
    """The connection breaks in the middle of the request's body."""
    LOST_ANSWER = auto()
    """The store does what it was asked, and the connection breaks before the answer."""
    CUT_DOWNLOAD = auto()
    """The connection breaks in the middle of the answer's body."""
    TRUNCATED = auto()
    """The answer is well formed, but holds half of the body only."""
    CHANGED_DOWNLOAD = auto()
    """One byte of the answer's body is another."""
    CHANGED_UPLOAD = auto()
    """One byte of the request's body is another."""
    SLOW = auto()
    """The answer trickles in for a second."""
    SILENT = auto()
    """There is no answer, and the connection stays open."""
    STATUS_503 = 503
    STATUS_429 = 429
    STATUS_403 = 403
    STATUS_401 = 401


@dataclass
class Plan:
    """Which requests fail how: those with at least `size` bytes of body in either direction."""

    fault: Fault
    times: int
    method: str | None = None
    size: int = 0


@dataclass
class FaultyProxy:
    """Passes requests on to `upstream`; see `break_next`."""

    upstream: str
    endpoint: str = ""
    met: int = 0
    """How many requests were broken so far."""
    plan: Plan | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def break_next(
        self, fault: Fault, times: int = 1, method: str | None = None, size: int = 0
    ) -> None:
        """Break the next `times` requests of this method with bodies of at least `size` bytes."""
        self.plan, self.met = Plan(fault, times, method, size), 0

    def fault_for(self, method: str, size: int) -> Fault | None:
        """What to do to a request; counts it."""
        with self.lock:
            plan = self.plan
            if plan is None or self.met >= plan.times or size < plan.size:
                return None
            if plan.method not in (None, method):
                return None
            self.met += 1
            return plan.fault


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    """A proxy in front of `upstream` until the block ends."""
    proxy = FaultyProxy(upstream)

    class Handler(_Handler):
        rules = proxy

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # connections break on purpose

    server = Server(("127.0.0.1", 0), Handler)
    proxy.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rules: FaultyProxy

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _pass_on(self) -> None:
        body = self._body()
        fault = None if self.command in ("GET", "HEAD") else self._fault(len(body))
        if fault is Fault.CUT_UPLOAD:
            self._send_half(body)
            return
        if fault is Fault.CHANGED_UPLOAD:
            body = _changed(body)
        elif fault and self._refuse(fault):
            return
        status, headers, answer = self._ask(body)
        if self.command == "GET":
            fault = self._fault(len(answer))
            if fault and self._refuse(fault):
                return
        if fault is Fault.LOST_ANSWER:
            self._break()
            return
        self._answer(status, headers, answer, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _pass_on  # noqa: N815

    def _fault(self, size: int) -> Fault | None:
        return self.rules.fault_for(self.command, size)

    def _refuse(self, fault: Fault) -> bool:
        """Answer with an error status, or not at all; whether that is what the fault is."""
        if fault is Fault.SILENT:
            with suppress(OSError):
                self.connection.settimeout(60)
                self.connection.recv(1)
            self._break()
            return True
        if isinstance(fault.value, int) and fault.value >= 400:
            self._answer(fault.value, [("Content-Type", "text/plain")], b"no", None)
            return True
        return False

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = self._open(len(body))
        upstream.send(body)
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        return answer.status, answer.getheaders(), data

    def _send_half(self, body: bytes) -> None:
        upstream = self._open(len(body))
        upstream.send(body[: len(body) // 2])
        upstream.close()
        self._break()

    def _open(self, length: int) -> http.client.HTTPConnection:
        address = urlsplit(self.rules.upstream)
        upstream = http.client.HTTPConnection(address.hostname or "", address.port)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("expect", "content-length", "transfer-encoding", "connection"):
                upstream.putheader(name, value)
        upstream.putheader("Content-Length", str(length))
        upstream.endheaders()
        return upstream

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, fault: Fault | None
    ) -> None:
        if fault is Fault.TRUNCATED:
            body = body[: len(body) // 2]
        if fault is Fault.CHANGED_DOWNLOAD:
            body = _changed(body)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(
                    name, value.replace(self.rules.upstream, self.rules.endpoint)
                )  # a resumable upload goes on where its answer says
        length = dict(headers).get("Content-Length") if self.command == "HEAD" else len(body)
        self.send_header("Content-Length", str(length or 0))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is Fault.CUT_DOWNLOAD:
            self.wfile.write(body[: len(body) // 2])
            self._break()
        elif fault is Fault.SLOW:
            step = len(body) // SLICES + 1
            for start in range(0, len(body), step):
                time.sleep(1 / SLICES)
                self.wfile.write(body[start : start + step])
        else:
            self.wfile.write(body)

    def _break(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(2)


def _changed(body: bytes) -> bytes:
    """The body with one byte flipped: the payload's first if it is marked, else in the middle."""
    at = body.find(MARK) if MARK in body else len(body) // 2
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :] if body else body


@contextmanager
def silent() -> Iterator[str]:
    """An endpoint that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1000)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
