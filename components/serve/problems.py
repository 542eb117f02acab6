"""What can go wrong with a request, in no dialect yet."""

from enum import Enum, auto

from pydantic_core import ErrorDetails

from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.wording import wording
from components.lm.engine.protocol import (
    DeadlineExceeded,
    EngineClosed,
    GenerationFailed,
    QueueFull,
)


class Kind(Enum):
    """The kinds of problems that the dialects have words for."""

    BAD_REQUEST = auto()
    UNREADABLE = auto()
    """The body is not in the coding that its header names."""
    UNKNOWN_CODING = auto()
    """The body is in a coding that the server does not know."""
    UNAUTHORIZED = auto()
    FORBIDDEN = auto()
    NOT_FOUND = auto()
    """No such place on this server."""
    MODEL_NOT_FOUND = auto()
    VERSION_NOT_FOUND = auto()
    METHOD_NOT_ALLOWED = auto()
    TIMEOUT = auto()
    CONFLICT = auto()
    TOO_LARGE = auto()
    OVERLOAD = auto()
    """Too many requests wait; ask again."""
    UNAVAILABLE = auto()
    """No engine takes the request now; ask again."""
    FAILED = auto()
    """The model failed while it wrote."""
    OUT_OF_MEMORY = auto()
    INTERNAL = auto()


class Problem(HuggingtweetsError):  # noqa: N818 - it is what the client has
    """A request that gets an error; every dialect has its own body for it."""

    def __init__(self, kind: Kind, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.param = param
        """The field of the request that is wrong, if one is."""


class ClientGone(Exception):  # noqa: N818 - it is what happened
    """Nobody waits for the answer any more."""


def problem_of(error: HuggingtweetsError) -> Problem:
    """The problem that an error of ours is to the client."""
    if isinstance(error, Problem):
        return error
    for cls, kind in _KINDS.items():
        if isinstance(error, cls):
            return Problem(kind, str(error))
    return Problem(Kind.INTERNAL, "something failed; the server's log says what")


_KINDS: dict[type[HuggingtweetsError], Kind] = {
    QueueFull: Kind.OVERLOAD,
    DeadlineExceeded: Kind.TIMEOUT,
    EngineClosed: Kind.UNAVAILABLE,
    GenerationFailed: Kind.FAILED,
    BadInputError: Kind.BAD_REQUEST,
}


def problem_of_details(details: ErrorDetails) -> Problem:
    """The first thing that pydantic found wrong in a request."""
    left_out = ("body", "query", "path", "parameters")
    named = [str(part) for part in details["loc"] if part not in left_out]
    name = named[0] if named and not named[0].isdigit() else None
    said = wording(details)
    return Problem(Kind.BAD_REQUEST, f"{name}: {said}" if name else said, name)
