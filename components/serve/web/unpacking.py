"""Bodies that come packed: `Content-Encoding` (RFC 9110, 8.4), for every port and dialect."""

import zlib
from collections.abc import Callable, Sequence

import zstandard
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.runtime.zstd import unpacked_frames
from components.serve.problems import Kind, Problem
from components.serve.web.errors import BodyProblem

TOO_LARGE = 413
ACCEPTED = "gzip, deflate, zstd"
GZIP, ZLIB, RAW = 31, 15, -15
"""zlib's `wbits` for a gzip member, for a zlib stream, and for deflate with neither around it."""
LARGEST_WINDOW = 8 << 20
"""Bytes that a zstd frame may look back over in HTTP (RFC 9659)."""
ZSTD_STEP = 256
"""Packed bytes that are unpacked at once: at most 8 MB (a block is 4 bytes for 128 KB)."""


class Damaged(ValueError):  # noqa: N818 - it is what the data is
    """The data is not what its coding says."""


class Unpacking:
    """Wraps an application, which gets every body unpacked."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        """`most` is how many bytes a body may have once it is unpacked."""
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and (codings := _codings(Headers(scope=scope))):
            receive = _Unpacked(receive, codings, self._most).receive
        await self._app(scope, receive, send)


class _Unpacked:
    """A request's body, unpacked when it is first asked for."""

    def __init__(self, receive: Receive, codings: Sequence[str], most: int) -> None:
        self._receive, self._codings, self._most = receive, codings, most
        self._given = False

    async def receive(self) -> Message:
        """The whole body; then whatever comes after it.

        Raises:
            HTTPException: a coding is unknown, the data is damaged, or there is too much of it.
        """
        if self._given:
            return await self._receive()
        self._given = True
        for coding in self._codings:
            if coding not in CODINGS:
                raise _unknown(coding)
        packed, more = bytearray(), True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            packed += message.get("body", b"")
            more = message.get("more_body", False)
        body = unpacked_body(bytes(packed), self._codings, self._most)
        return {"type": "http.request", "body": body, "more_body": False}


def unpacked_body(body: bytes, codings: Sequence[str], most: int) -> bytes:
    """A body without its codings, which were applied in this order; an empty one stays empty.

    Raises:
        HTTPException: it is damaged, or has more than `most` bytes at any stage.
    """
    for coding in reversed(codings if body else ()):
        try:
            body = CODINGS[coding](body, most)
        except Damaged as error:
            message = f"the body is not {coding}, as its Content-Encoding says: {error}"
            raise BodyProblem(Problem(Kind.UNREADABLE, message)) from error
    return body


def _gzip(packed: bytes, most: int) -> bytes:
    """Members one behind the other."""
    return _inflated(packed, GZIP, most)


def _deflate(packed: bytes, most: int) -> bytes:
    """A zlib stream, or as some clients send it, what is within one."""
    try:
        return _inflated(packed, ZLIB, most)
    except Damaged as error:
        try:
            return _inflated(packed, RAW, most)
        except Damaged:
            raise error from None


def _inflated(packed: bytes, wbits: int, most: int) -> bytes:
    parts = bytearray()
    while packed:
        stream = zlib.decompressobj(wbits)
        try:
            parts += stream.decompress(packed, most - len(parts) + 1)
        except zlib.error as error:
            raise Damaged(str(error)) from error
        _check_size(parts, most)
        _check_end(ended=stream.eof)
        packed = stream.unused_data
        if packed and wbits != GZIP:
            raise Damaged("there is more behind its end")
    return bytes(parts)


def _zstd(packed: bytes, most: int) -> bytes:
    """Frames one behind the other."""
    parts = bytearray()
    pieces = (packed[at : at + ZSTD_STEP] for at in range(0, len(packed), ZSTD_STEP))
    try:
        for part in unpacked_frames(pieces, LARGEST_WINDOW):
            parts += part
            _check_size(parts, most)
    except zstandard.ZstdError as error:
        raise Damaged(str(error)) from error
    except EOFError:
        _check_end(ended=False)
    return bytes(parts)


def _same(body: bytes, most: int) -> bytes:
    return body


def _check_size(body: bytearray, most: int) -> None:
    if len(body) > most:
        raise HTTPException(TOO_LARGE)


def _check_end(*, ended: bool) -> None:
    if not ended:
        raise Damaged("it ends too early")


CODINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstd,
    "identity": _same,
}


def _codings(headers: Headers) -> list[str]:
    """The codings of a body, in the order in which they were applied."""
    named = ",".join(headers.getlist("content-encoding")).lower().split(",")
    return [coding for name in named if (coding := name.strip())]


def _unknown(coding: str) -> BodyProblem:
    message = f"the body's coding {coding!r} is not known; known are {ACCEPTED}"
    return BodyProblem(Problem(Kind.UNKNOWN_CODING, message), {"accept-encoding": ACCEPTED})
