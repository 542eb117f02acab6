"""What can go wrong at a store; every message names the bucket, the endpoint or the object."""

import re

from components.contracts.errors import BadInputError

_QUERY = re.compile(r"\?[^\s\"'()<>]*[=&][^\s\"'()<>]*")


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
    """The operating system's words for what broke a connection, or the first line of the error.

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
    return first_line(str(error)) or type(error).__name__


def first_line(text: str) -> str:
    """The first line of what a library or a server said, without what follows a '?' in addresses.

    The address of an upload under way permits whoever reads it to write there.
    """
    return _QUERY.sub("", text.strip().partition("\n")[0])
