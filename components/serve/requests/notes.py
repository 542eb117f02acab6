"""What is noted of the request that is being answered: for its headers and the log."""

import logging
import re
import uuid
from contextvars import ContextVar
from dataclasses import dataclass, field

HEADER = "x-request-id"
_GOOD = re.compile(r"[\w.:-]{1,128}", re.ASCII)


@dataclass
class Notes:
    """One request."""

    request_id: str
    facts: dict[str, str | int | float] = field(default_factory=dict)
    """What its line in the log will say beyond path and status."""


NOTES: ContextVar[Notes | None] = ContextVar("request_notes", default=None)


def note(**facts: str | int | float) -> None:
    """Add to the log line of the request that is being answered."""
    if notes := NOTES.get():
        notes.facts |= facts


def request_id_of(given: str | None) -> str:
    """The client's own id if it is a plain word; else a new one."""
    return given if given and _GOOD.fullmatch(given) else str(uuid.uuid4())


class RequestIdFilter(logging.Filter):
    """Gives every log line of a request its id."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id; let every line pass."""
        notes = NOTES.get()
        if notes and not hasattr(record, "fields"):
            record.fields = {"request_id": notes.request_id}
        return True
