"""Days before months or after them: the file decides, or a person does."""

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.collecting import ReadTable, RefuseTable
from support.made_tables import BEGUN, as_csv, people, post_time

from components.collect.tables.date_order import ORDERS, DateColumn
from components.contracts.errors import BadInputError

FORMS = {
    "day-first": ("%d/%m/%Y %H:%M", "%d.%m.%Y", "%d-%m-%Y %H:%M:%S", "%d/%m/%y", "%d.%m.%Y, %H:%M"),
    "month-first": ("%m/%d/%Y %H:%M", "%m-%d-%Y", "%m/%d/%y %I:%M %p", "%m.%d.%Y"),
}


def dated(stated: list[str]) -> str:
    rows = people([{"username": "ann_k"}], count=len(stated))
    return as_csv([row | {"created_at": at} for row, at in zip(rows, stated, strict=True)])


def days(read: object) -> list[datetime]:
    return [post.created_at.replace(tzinfo=None, hour=0, minute=0) for post in read.posts]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("order", "form"), [(o, f) for o, forms in FORMS.items() for f in forms])
def test_a_number_above_twelve_decides(table: ReadTable, order: str, form: str) -> None:
    read = table(dated([post_time(n, form) for n in range(40)]))
    begun = BEGUN.replace(hour=0, minute=0)
    assert days(read) == [begun + timedelta(days=n) for n in range(40)]
    assert not read.warnings


def test_rows_in_order_of_time_decide_where_no_number_does(table: ReadTable) -> None:
    rising = ["11/01/2019", "03/02/2019", "09/02/2019", "04/03/2019"]
    for stated in (rising, rising[::-1]):
        assert [day.month for day in days(table(dated(stated)))] == [1, 2, 2, 3]


@pytest.mark.parametrize(
    "stated",
    [
        ["01/03/2019 09:30"],
        [f"{n:02}/03/2019" for n in range(1, 13)],
        ["01/05/2019", "02/03/2019", "01/04/2019"],
        ["01.03.2019", "02.03.2019"],
    ],
)
def test_a_file_that_does_not_decide_is_refused(
    table: ReadTable, refused: RefuseTable, stated: list[str]
) -> None:
    sentence = refused(dated(stated))
    day, month = (int(part) for part in stated[0].replace(".", "/").split("/")[:2])
    assert repr(stated[0]) in sentence
    assert "line 2" in sentence
    for at in (datetime(2019, month, day), datetime(2019, day, month)):
        assert f"{at.day} {at:%B %Y}" in sentence
    assert "--date-order day-first or month-first" in sentence
    assert days(table(dated(stated), date_order="day-first"))[0].month != 1
    assert {day.day for day in days(table(dated(stated[:1]), date_order="month-first"))} == {month}


def test_both_orders_in_one_file_are_refused(table: ReadTable, refused: RefuseTable) -> None:
    stated = ["13/03/2019", "03/25/2019", "01/03/2019", "14/03/2019", "15/03/2019"]
    sentence = refused(dated(stated))
    assert "'13/03/2019' (line 2) and '03/25/2019' (line 3)" in sentence
    assert "'01/03/2019' (line 4) may be 1 March 2019 or 3 January 2019" in sentence
    read = table(dated(stated), date_order="day-first")
    assert len(read.posts) == 4
    assert "'03/25/2019'" in read.warnings[0]


def test_dates_that_are_the_same_either_way_need_no_order(table: ReadTable) -> None:
    assert [day.month for day in days(table(dated(["05/05/2019", "03/03/2019"])))] == [3, 5]


def test_a_better_column_of_times_makes_another_one_harmless(table: ReadTable) -> None:
    rows = [row | {"time": "01/03/2019 09:30"} for row in people([{"username": "ann_k"}])]
    assert days(table(as_csv(rows)))[0] == BEGUN.replace(hour=0, minute=0)


def test_a_time_that_no_post_can_have_is_a_warning(table: ReadTable) -> None:
    stated = ["2019-03-01", "1970-01-01", "2004-01-01", "2190-01-01", "2006-03-21"]
    read = table(dated(stated))
    assert len(read.posts) == 5
    assert any(
        "before 2006-03-21: 2 (first: line 3: 1970-01-01" in warning for warning in read.warnings
    )
    assert any("in the future: 1 (first: line 5: 2190-01-01" in said for said in read.warnings)


@given(
    st.lists(st.datetimes(datetime(2007, 1, 1), datetime(2025, 1, 1)), min_size=1, max_size=30),
    st.sampled_from(ORDERS),
)
def test_no_column_is_read_in_the_wrong_order(times: list[datetime], order: str) -> None:
    column = DateColumn()
    form = "%d/%m/%Y" if order == "day-first" else "%m/%d/%Y"
    for number, at in enumerate(times):
        assert column.add(at.strftime(form), f"line {number}")
    try:
        found = column.order("t")
    except BadInputError:
        return
    assume(found is not None)
    in_order = times in (sorted(times), sorted(times, reverse=True))
    proven = any(at.day > 12 for at in times)
    assert found == order or not (in_order or proven)
