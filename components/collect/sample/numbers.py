"""Numbers that look drawn by chance and are the same each time: ids, seconds, counts."""

import hashlib
import string
from datetime import datetime, timedelta

X_EPOCH_MS = 1_288_834_974_657
"""The milliseconds since 1970 from which X's ids (snowflakes) count."""
_LETTERS = string.ascii_letters + string.digits


def number(seed: str, below: int) -> int:
    """A number from 0 up to but not `below`, always the same for one `seed`."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) % below


def exact_time(minute: datetime) -> datetime:
    """`minute` with the seconds and milliseconds that its post was sent at."""
    return minute + timedelta(milliseconds=number(minute.isoformat(), 60_000))


def snowflake(at: datetime, seed: str) -> str:
    """The id of what was sent at this moment: milliseconds, then 22 bits of machine and order."""
    milliseconds = round(at.timestamp() * 1000) - X_EPOCH_MS
    return str(milliseconds << 22 | number(f"id {seed}", 1 << 22))


def invented_account_id(handle: str) -> str:
    """The account id of an invented handle, 19 digits."""
    return str(1_400_000_000_000_000_000 + number(f"account {handle}", 10**17))


def short_link(link: str) -> str:
    """The shortened form that X puts into the text, with ten letters and digits."""
    letters = (_LETTERS[number(f"{place} {link}", len(_LETTERS))] for place in range(10))
    return "https://t.co/" + "".join(letters)
