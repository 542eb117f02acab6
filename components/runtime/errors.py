"""What libraries and servers say of what went wrong, fit for a sentence."""

import re
import socket
from collections.abc import Iterator

LONGEST = 300
_QUERY = re.compile(r"(\?[^\s\"'()<>]*[=&]|upload_id=)[^\s\"'()<>]*")


def reason(error: BaseException) -> str:
    """The operating system's words for what broke a connection, or what the error says.

    Libraries wrap what happened several times over; each wrapping repeats the one before.
    """
    for one in reversed(list(_wrapped(error))):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
        if isinstance(one, TimeoutError):
            return "no answer in time"
    words = [word for word in error.args if isinstance(word, str)]
    said = words[0] if words and len(words) < len(error.args) else str(error)
    return one_line(said) or type(error).__name__


def is_nameless(error: BaseException) -> bool:
    """Whether a connection failed since nobody knows the host's name, not even its name server."""
    unknown = (socket.EAI_NONAME, socket.EAI_NODATA)
    return any(isinstance(one, socket.gaierror) and one.errno in unknown for one in _wrapped(error))


def _wrapped(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it was made of, the first cause last."""
    seen: list[BaseException] = []
    inner: object = error
    while isinstance(inner, BaseException) and inner not in seen:
        yield inner
        seen.append(inner)
        inner = inner.__cause__ or inner.__context__ or next(iter(inner.args), None)


def one_line(text: str) -> str:
    """What a library or a server said, on one line, without what follows a '?' in addresses.

    The address of an upload under way permits whoever reads it to write there.
    """
    line = " ".join(_QUERY.sub("", text).split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"
