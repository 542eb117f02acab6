"""What can go wrong at a store; every message names the bucket, the endpoint or the object."""

import re
import socket
from collections.abc import Iterator

from components.contracts.errors import BadInputError

LONGEST = 300
_QUERY = re.compile(r"(\?[^\s\"'()<>]*[=&]|upload_id=)[^\s\"'()<>]*")


class StorageError(BadInputError):
    """The store cannot do what was asked; asking again will not help."""


class ObjectMissingError(StorageError):
    """There is no such object; its bucket is there and readable."""


class ConflictError(StorageError):
    """Somebody else created or changed the object first."""


class TransientError(StorageError):
    """It may work in a moment: the connection broke, or the store is busy."""


class AwayError(TransientError):
    """Nobody answers at the store's address, or it is too busy: it may be back in some minutes."""

    def __init__(self, sentence: str, endpoint: str, *, nameless: bool = False) -> None:
        super().__init__(sentence)
        self.endpoint = endpoint
        self.nameless = nameless
        """Whether the name of its host is not known."""


class ChecksumError(TransientError):
    """The bytes that arrived are not those that were sent."""


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
