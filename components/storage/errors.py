"""What can go wrong at a store; every message names the bucket, the endpoint or the object."""

from components.contracts.errors import BadInputError


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
    return str(error).strip().partition("\n")[0] or type(error).__name__
