"""Reading the many ways in which sources write a time."""

import re
from datetime import UTC, datetime

_PATTERNS = (
    "%a %b %d %H:%M:%S %z %Y",  # X's own: Sat Feb 18 12:33:11 +0000 2023
    "%m/%d/%y %H:%M",  # spreadsheets in the United States: 10/16/17 22:59
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m-%d-%Y %H:%M:%S",
    "%a, %d %b %Y %H:%M:%S %z",  # RFC 5322
    "%d %b %Y %H:%M:%S",
    "%b %d, %Y · %I:%M %p",  # Nitter
    "%B %d, %Y at %I:%M%p",  # IFTTT
)
_EPOCH = re.compile(r"(\d{9,16})(\.\d{1,9})?", re.ASCII)
_ZONE_NAME = re.compile(r"\s*(?:UTC|GMT)$")
_AMERICAN_ZONE = re.compile(r"\b([ECMP])([DS])T\b")
_HOURS_WEST = {"E": 5, "C": 6, "M": 7, "P": 8}


def parse_time(stated: str) -> datetime | None:
    """The moment that `stated` names, in UTC; None where it cannot be read.

    Reads ISO 8601, X's own form, month-first dates and Unix times in seconds, milliseconds or
    microseconds (told apart by their length). A time without a zone is in UTC.
    """
    text = _AMERICAN_ZONE.sub(_offset, _ZONE_NAME.sub("", stated.strip()))
    try:
        at = _epoch(text) or _iso(text) or _spelled(text)
        return at and (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(zone: re.Match[str]) -> str:
    """`-0700` for `PDT`."""
    return f"-{_HOURS_WEST[zone[1]] - (zone[2] == 'D'):02}00"


def _epoch(text: str) -> datetime | None:
    number = _EPOCH.fullmatch(text)
    if not number:
        return None
    digits = len(number[1])
    scale = 1 if digits <= 11 else 1_000 if digits <= 14 else 1_000_000
    whole, rest = divmod(int(number[1]), scale)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest * (1_000_000 // scale))


def _iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-\d", text, re.ASCII):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _spelled(text: str) -> datetime | None:
    for pattern in _PATTERNS:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    return None
