"""What can go wrong at a store; every message names the bucket, the endpoint or the object."""

import re

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


class ChecksumError(TransientError):
    """The bytes that arrived are not those that were sent."""


def reason(error: BaseException) -> str:
    """The operating system's words for what broke a connection, or what the error says.

    Libraries wrap what happened several times over; each wrapping repeats the one before.
    """
    seen: list[BaseException] = []
    inner: object = error
    while isinstance(inner, BaseException) and inner not in seen:
        seen.append(inner)
        inner = inner.__cause__ or inner.__context__ or next(iter(inner.args), None)
    for one in reversed(seen):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
        if isinstance(one, TimeoutError):
            return "no answer in time"
    words = [word for word in error.args if isinstance(word, str)]
    said = words[0] if words and len(words) < len(error.args) else str(error)
    return one_line(said) or type(error).__name__


def one_line(text: str) -> str:
    """What a library or a server said, on one line, without what follows a '?' in addresses.

    The address of an upload under way permits whoever reads it to write there.
    """
    line = " ".join(_QUERY.sub("", text).split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "…"
