"""The outermost layer of each port: ids, limits, the access log, counts of answers."""

import asyncio
import logging
import time
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.serve.problems import ClientGone, Kind, Problem
from components.serve.requests.notes import HEADER, NOTES, Notes, request_id_of
from components.serve.traces import Traces
from components.serve.web.bodies import Bodies
from components.serve.web.errors import answer

log = logging.getLogger("components.serve.access")

TOO_LARGE, TOO_SLOW, NO_ROOM = 413, 408, 503
QUIET = frozenset({"/livez", "/readyz", "/startupz", "/ping", "/metrics"})
"""Asked every few seconds: only what is wrong with them is logged, and none is a span."""


class Edge:
    """Wraps the application of one port."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body: int,
        body_timeout: float,
        answered: Callable[[int], None],
        traces: Traces | None = None,
    ) -> None:
        self._app, self._max_body, self._body_timeout = app, max_body, body_timeout
        self._answered, self._traces = answered, traces
        self._bodies = Bodies(max_body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._bodies, self._max_body, self._body_timeout)
        token = NOTES.set(exchange.notes)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except ClientGone:
            pass
        except asyncio.CancelledError:  # the server ends, and the time to drain is over
            if not exchange.status:
                problem = Problem(Kind.UNAVAILABLE, "the server is ending; ask another")
                await answer(scope["path"], problem)(scope, receive, exchange.send)
        finally:
            self._bodies.drop(exchange)
            self._answered(exchange.status)
            exchange.report(self._traces)
            NOTES.reset(token)


class _Exchange:
    """One request and its answer, watched."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        bodies: Bodies,
        max_body: int,
        timeout: float,
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._bodies, self._max_body, self._timeout = bodies, max_body, timeout
        headers = Headers(scope=scope)
        self._announced = headers.get("content-length", "")
        self._seen, self._whole, self._given_up = 0, False, False
        self._waiting: asyncio.Timeout | None = None
        self._begun = time.monotonic()
        self.notes = Notes(request_id_of(headers.get(HEADER)))
        self.status = 0

    async def receive(self) -> Message:
        """The next part of the body, within the limits of size and time."""
        if self._whole:
            return await self._receive()
        if self._announced.isdigit() and int(self._announced) > self._max_body:
            raise HTTPException(TOO_LARGE)
        message = await self._next_part()
        size = len(message.get("body", b""))
        self._seen += size
        if self._seen > self._max_body:
            raise HTTPException(TOO_LARGE)
        self._bodies.add(self, size)
        self._whole = not message.get("more_body", False)
        if self._whole:
            self._bodies.drop(self)
        return message

    async def _next_part(self) -> Message:
        if self._given_up:
            raise HTTPException(NO_ROOM)
        left = self._timeout - (time.monotonic() - self._begun)
        try:
            async with asyncio.timeout(max(left, 0)) as self._waiting:
                return await self._receive()
        except TimeoutError:
            raise HTTPException(NO_ROOM if self._given_up else TOO_SLOW) from None
        finally:
            self._waiting = None

    def give_up(self) -> None:
        """Take no more of the body: there is no room for it."""
        self._given_up = True
        if self._waiting:
            self._waiting.reschedule(0)

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Pass on a part of the answer; a client that does not take it in time is let go."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[HEADER] = self.notes.request_id
            headers.setdefault("x-content-type-options", "nosniff")
        try:
            async with asyncio.timeout(self._timeout):
                await self._send(message)
        except TimeoutError:
            raise ClientGone from None

    def report(self, traces: Traces | None) -> None:
        """One line in the log for the request, and one span."""
        path, seconds = self._scope["path"], time.monotonic() - self._begun
        if path in QUIET and self.status < 500:
            return
        method = self._scope["method"]
        facts = {"request_id": self.notes.request_id, "method": method, "status": self.status}
        facts |= self.notes.facts
        log.info(
            "%s %s %d in %.3f s", method, _plain(path), self.status, seconds,
            extra={"fields": facts | {"path": path, "seconds": round(seconds, 4)}},
        )  # fmt: skip
        if traces and path not in QUIET:
            route = getattr(self._scope.get("route"), "path", "unknown")
            traces.record(seconds, Headers(scope=self._scope), facts | {"route": route})


def _plain(path: str) -> str:
    """Nothing that a client writes makes a line of its own in the log."""
    return path.encode("unicode_escape").decode()
