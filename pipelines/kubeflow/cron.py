"""Cron expressions as Kubeflow Pipelines understands them."""

import re

from components.contracts.errors import BadInputError

_FIELDS = {
    "second": (0, 59, ()),
    "minute": (0, 59, ()),
    "hour": (0, 23, ()),
    "day of month": (1, 31, ()),
    "month": (
        1,
        12,
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    ),
    "day of week": (0, 6, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
}
_PART = re.compile(r"(?P<from>\*|\?|\w+)(-(?P<to>\w+))?(/(?P<step>\d+))?", re.ASCII)


def six_fields(expression: str) -> str:
    """The expression with its field of seconds, which is 0 where five fields are given.

    The syntax is that of github.com/robfig/cron, which Kubeflow's controller uses.

    Raises:
        BadInputError: it is no cron expression; the message says which field is wrong.
    """
    fields = expression.split()
    if len(fields) == 5:
        fields = ["0", *fields]
    if len(fields) != len(_FIELDS):
        raise BadInputError(
            f"--cron: {expression!r} has {len(fields)} fields; give second, minute, hour, day of "
            "month, month and day of week"
        )
    for (name, (low, high, names)), field in zip(_FIELDS.items(), fields, strict=True):
        for part in field.split(","):
            if not _is_right(part, low, high, names):
                raise BadInputError(
                    f"--cron: {part!r} is not a valid {name}: give {low} to {high}, '*', "
                    "a range or a step"
                )
    return " ".join(fields)


def _is_right(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(part)
    if not match or match["step"] in ("0", "00"):
        return False
    if match["from"] in ("*", "?"):
        return match["to"] is None
    first = _number(match["from"], low, names)
    last = first if match["to"] is None else _number(match["to"], low, names)
    return first is not None and last is not None and low <= first <= last <= high


def _number(word: str, low: int, names: tuple[str, ...]) -> int | None:
    if word.upper() in names:
        return low + names.index(word.upper())
    return int(word) if word.isdecimal() and len(word) <= 2 else None
