"""Tables of invented posts, written as the tools of others write them."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

BEGUN = datetime(2019, 3, 1, 9, 30)
TEXTS = (
    "The kettle hums before anyone is up",
    "A drawer full of string, and none of it long enough",
    "The tram was late and I was later",
    "Rain again, which the ducks take as applause",
)


def post_text(number: int) -> str:
    """An own text for each number."""
    return f"{TEXTS[number % len(TEXTS)]}, day {number}"


def post_time(number: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time for each number, a day apart."""
    return (BEGUN + timedelta(days=number)).strftime(form)


def as_csv(rows: Iterable[Mapping[str, object]], delimiter: str = ",", **form: object) -> str:
    """The rows as CSV, the keys of the first as its header."""
    listed = list(rows)
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(listed[0]), delimiter=delimiter, **form)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows(listed)
    return file.getvalue()


def people(*columns: Sequence[Mapping[str, object]], count: int = 12) -> list[dict[str, object]]:
    """Posts of people in turns: a row's further cells are those of the person whose turn it is."""
    return [
        {"id": 1000 + n, "created_at": post_time(n), "text": post_text(n)}
        | {name: cell for one in columns for name, cell in one[n % len(one)].items()}
        for n in range(count)
    ]
