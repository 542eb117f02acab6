"""Reading the many ways in which sources write a time."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

DateOrder = Literal["day-first", "month-first"]
"""How to read `01/03/2019`: as the 1st of March, or as January 3rd."""
READABLE = "2019-03-01 15:37:00"
"""A form that is read, for messages."""

_SPACES = re.compile(r"\s+")
_PROTECTION = "\"'="  # against spreadsheets: `="2019-03-01"`
_UNIX = re.compile(r"(\d{9,16})(\.\d{1,9})?", re.ASCII)
_X_OWN = re.compile(r"[A-Z]\w\w ([A-Z]\w\w) (\d\d) (\d\d):(\d\d):(\d\d) \+0000 (\d{4})", re.ASCII)
_DIGITS = re.compile(r"(?:19|20)\d{6}(?:\d{4}(?:\d{2})?)?", re.ASCII)
_ISO = re.compile(r"\d{4}-\d(?!.*[T ]\d\d[.,])|\d{8}T(?!\d\d[.,])", re.ASCII)
"""Not `2019-03-01 15.37`, of which Python's reader takes the 37 for parts of a second."""
_CLOCK = re.compile(
    r"(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?![\d:])"
    r"(?: ?([ap])\.?m\b\.?)?"
    r"(?: ?(?:GMT|UTC|UT)? ?([+-])(\d{1,2})(?::?(\d{2}))?(?!\d)| ?(GMT|UTC?|[ECMP][SD]T|Z)\b)?"
    r"(?: UTC\b)?(?: \([^()]*\))?",
    re.ASCII | re.IGNORECASE,
)
_WEEKDAY = r"(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?\b\.?"
_BESIDE = re.compile(rf"{_WEEKDAY}|\b(?:at|um|uhr|klo|kl)\b\.?|[,·@]|(?<!\S)[-–](?!\S)|T$", re.I)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NUMERIC = re.compile(r"(?<![\d.])(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)\.?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_NAMED_MONTH_FIRST = re.compile(rf"{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)? (\d{{4}})", re.A | re.I)
_NAMED_DAY_FIRST = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th|\.)?[ -]{_MONTH}[ -](\d{{4}}|\d{{2}})", re.A | re.I
)
_HOURS_WEST = {"E": 5, "C": 6, "M": 7, "P": 8}


def has_numeric_date(stated: str) -> bool:
    """Whether this holds a date in numbers whose year comes last: `01/03/2019`, `1.3.19`."""
    return _NUMERIC.search(stated) is not None


def parse_time(stated: str, order: DateOrder | None = None) -> datetime | None:
    """The moment that `stated` names, in UTC; None where it cannot be read.

    Reads ISO 8601, RFC 5322, X's own form, JavaScript's `Date`, dates with the month in words, 8,
    12 or 14 digits, and Unix times in seconds, milliseconds or microseconds (told apart by their
    length). A time without a zone is in UTC.

    Args:
        stated: a date, with or without a time of day.
        order: how to read a date in numbers whose year comes last; if left out, such a date is
            read only where one of its numbers can be no month.
    """
    text = _SPACES.sub(" ", stated.strip().strip(_PROTECTION))
    try:
        at = _x_own(text) or _unix(text) or _digits(text) or _iso(text) or _written(text, order)
        return at and (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _x_own(text: str) -> datetime | None:
    """`Sat Feb 18 12:33:11 +0000 2023`: `_written` would read it too, but archives are long."""
    if not (found := _X_OWN.fullmatch(text)):
        return None
    hour, minute, second = int(found[3]), int(found[4]), int(found[5])
    return datetime(int(found[6]), _month(found[1]), int(found[2]), hour, minute, second, 0, UTC)


def _unix(text: str) -> datetime | None:
    number = _UNIX.fullmatch(text)
    if not number or _DIGITS.fullmatch(text):
        return None
    digits = len(number[1])
    scale = 1 if digits <= 11 else 1_000 if digits <= 14 else 1_000_000
    whole, rest = divmod(int(number[1]), scale)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest * (1_000_000 // scale))


def _digits(text: str) -> datetime | None:
    """`20190301`, with hours and minutes or not; as a Unix time it would be of another century."""
    if not _DIGITS.fullmatch(text):
        return None
    return datetime.strptime(text, "%Y%m%d%H%M%S"[: {8: 6, 12: 10, 14: 12}[len(text)]])


def _iso(text: str) -> datetime | None:
    if not _ISO.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _written(text: str, order: DateOrder | None) -> datetime | None:
    """A date and a time of day in either order, with a zone, a weekday and small words or not."""
    clock = _CLOCK.search(text)
    rest = f"{text[: clock.start()]} {text[clock.end() :]}" if clock else text
    day = _day(" ".join(_BESIDE.sub(" ", rest.strip()).split()), order)
    if day is None or clock is None:
        return day
    at = day + _time_of_day(clock)
    return at.replace(tzinfo=timezone(_offset(clock))) if clock[6] or clock[9] else at


def _day(text: str, order: DateOrder | None) -> datetime | None:
    if date := _YEAR_FIRST.fullmatch(text):
        return datetime(*map(int, date.groups()))  # type: ignore[arg-type]
    if date := _NUMERIC.fullmatch(text):
        day, month = _in_order(int(date[1]), int(date[3]), order)
        return datetime(_year(date[4]), month, day)
    if date := _NAMED_MONTH_FIRST.fullmatch(text):
        return datetime(int(date[3]), _month(date[1]), int(date[2]))
    if date := _NAMED_DAY_FIRST.fullmatch(text):
        return datetime(_year(date[3]), _month(date[2]), int(date[1]))
    return None


def _in_order(first: int, second: int, order: DateOrder | None) -> tuple[int, int]:
    """Day and month.

    Raises:
        ValueError: nothing tells which is which.
    """
    if order == "day-first" or (order is None and first > 12):
        return first, second
    if order == "month-first" or second > 12 or first == second:
        return second, first
    raise ValueError("either may be the month")


def _year(digits: str) -> int:
    return int(digits) + (2000 if len(digits) == 2 else 0)


def _month(name: str) -> int:
    return _MONTHS.index(name[:3].lower()) + 1


def _time_of_day(clock: re.Match[str]) -> timedelta:
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if hour > 24 or minute > 59 or second > 60:
        raise ValueError("no time of day")
    if clock[5] and hour <= 12:
        hour = hour % 12 + (12 if clock[5].lower() == "p" else 0)
    micros = int((clock[4] or "")[:6].ljust(6, "0"))
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)


def _offset(clock: re.Match[str]) -> timedelta:
    """How far the zone is from UTC: by numbers, or by a name of RFC 5322."""
    if clock[6]:
        away = timedelta(hours=int(clock[7]), minutes=int(clock[8] or 0))
        return -away if clock[6] == "-" else away
    name = clock[9].upper()
    if name in ("Z", "UT", "UTC", "GMT"):
        return timedelta(0)
    return timedelta(hours=(name[1] == "D") - _HOURS_WEST[name[0]])
