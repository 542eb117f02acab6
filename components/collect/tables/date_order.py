"""Whether a table writes its days before its months: the file decides, or a person does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args

from components.collect.posts import shown
from components.collect.times import DateOrder, has_numeric_date, parse_time
from components.contracts.errors import BadInputError

ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)


@dataclass
class _Reading:
    """What a column's dates are if they are read in one order."""

    last: datetime | None = None
    rises: bool = True
    falls: bool = True
    proof: tuple[str, str] | None = None
    """The first date that can be read in this order alone, and where it stands."""

    def follow(self, at: datetime) -> None:
        """Go on to the next row's time."""
        if self.last is not None:
            self.rises &= at >= self.last
            self.falls &= at <= self.last
        self.last = at


@dataclass
class DateColumn:
    """The dates in numbers of one column whose year comes last, as `01/03/2019`."""

    readings: dict[DateOrder, _Reading] = field(
        default_factory=lambda: {order: _Reading() for order in ORDERS}
    )
    doubtful: tuple[str, str] | None = None
    """The first date that both orders read, each otherwise, and where it stands."""

    def add(self, stated: str, where: str) -> bool:
        """Take note of a cell; False of one that holds no such date."""
        if not has_numeric_date(stated):
            return False
        times = {order: parse_time(stated, order) for order in ORDERS}
        known = {order: at for order, at in times.items() if at is not None}
        if len(known) == 1:
            (order,) = known
            self.readings[order].proof = self.readings[order].proof or (stated, where)
        elif len(set(known.values())) == 2:
            self.doubtful = self.doubtful or (stated, where)
        for order, at in known.items():
            self.readings[order].follow(at)
        return True

    def order(self, source: str) -> DateOrder | None:
        """The order of the column; None where it does not matter.

        A number above 12 is no month. If there is none, the rows are in order of time, rising or
        falling, if only one reading makes them so.

        Raises:
            BadInputError: the file does not decide; the message has both readings of a row.
        """
        proven = [order for order, reading in self.readings.items() if reading.proof]
        if len(proven) == 1:
            return proven[0]
        if not proven:
            if self.doubtful is None:
                return None
            sorted_by = [
                o for o, reading in self.readings.items() if reading.rises or reading.falls
            ]
            if len(sorted_by) == 1:
                return sorted_by[0]
        raise BadInputError(
            f"{source}: {', so '.join(self._doubts())}; say which with --date-order {_EITHER}"
        )

    def _doubts(self) -> Iterator[str]:
        proofs = [reading.proof for reading in self.readings.values()]
        if all(proofs):
            examples = " and ".join(f"{shown(one[0])!r} ({one[1]})" for one in proofs if one)
            yield f"its dates have now the day first, now the month: {examples}"
        if self.doubtful:
            stated, where = self.doubtful
            yield f"{shown(stated)!r} ({where}) may be {_either(stated)}"


_EITHER = " or ".join(ORDERS)


def _either(stated: str) -> str:
    """`1 March 2019 or 3 January 2019`."""
    times = (parse_time(stated, order) for order in ORDERS)
    return " or ".join(f"{at.day} {at:%B %Y}" for at in times if at)
