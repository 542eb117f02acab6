from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.collect.times import DateOrder, parse_time

FORMS = (
    *("%d/%m/%Y %H:%M", "%m/%d/%Y, %I:%M %p", "%d.%m.%Y %H:%M", "%m-%d-%y %H:%M", "%d-%m-%Y %H:%M"),
    *("%Y/%m/%d %H:%M", "%b %d, %Y %I:%M %p", "%a, %d %b %Y %H:%M:00 GMT", "%Y%m%d%H%M"),
)


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("Sat Feb 18 12:33:11 +0000 2023", "2023-02-18T12:33:11"),
        ("Mon Apr 06 22:19:45 PDT 2009", "2009-04-07T05:19:45"),
        ("2016-12-01 19:15:22 EST", "2016-12-02T00:15:22"),
        ("2023-02-18T12:33:11.000Z", "2023-02-18T12:33:11"),
        ("2023-02-18 14:33:11+02:00", "2023-02-18T12:33:11"),
        ("2013-04-05 17:10:22 +0000", "2013-04-05T17:10:22"),
        ("2016-12-01 19:15:22 UTC", "2016-12-01T19:15:22"),
        ("2016-12-01", "2016-12-01T00:00:00"),
        ('="2016-12-01 19:15:22"', "2016-12-01T19:15:22"),
        ("'23.11.2020", "2020-11-23T00:00:00"),
        ("10/16/17 22:59", "2017-10-16T22:59:00"),
        ("11-23-2020 21:04:05", "2020-11-23T21:04:05"),
        ("11/23/2020 9:04:05 PM", "2020-11-23T21:04:05"),
        ("16/10/17 22:59", "2017-10-16T22:59:00"),
        ("23.11.2020, 21:04 Uhr", "2020-11-23T21:04:00"),
        ("3/23/2019, 3:37:00\u202fPM", "2019-03-23T15:37:00"),
        ("3/23/2019, 12:07:00 a.m.", "2019-03-23T00:07:00"),
        ("2019/03/01 15:37", "2019-03-01T15:37:00"),
        ("2019.03.01 15:37", "2019-03-01T15:37:00"),
        ("Fri, 01 Mar 2019 15:37:00 GMT", "2019-03-01T15:37:00"),
        ("Fri, 1 Mar 2019 15:37:00 EST", "2019-03-01T20:37:00"),
        ("1 Mar 2019 15:37 PDT", "2019-03-01T22:37:00"),
        ("Fri Mar 01 2019 15:37:00 GMT+0100 (Central European Time)", "2019-03-01T14:37:00"),
        ("Fri Mar  1 15:37:00 2019", "2019-03-01T15:37:00"),
        ("2019-03-01 15:37:00 +0000 UTC", "2019-03-01T15:37:00"),
        ("Mar 1, 2019 · 3:37 PM UTC", "2019-03-01T15:37:00"),
        ("March 01, 2019 at 03:37PM", "2019-03-01T15:37:00"),
        ("3:37 PM - 1 Mar 2019", "2019-03-01T15:37:00"),
        ("Friday, March 1st 2019", "2019-03-01T00:00:00"),
        ("01-Mar-2019 15:37", "2019-03-01T15:37:00"),
        ("20171016", "2017-10-16T00:00:00"),
        ("201710162259", "2017-10-16T22:59:00"),
        ("20171016225907", "2017-10-16T22:59:07"),
        ("20171016T225907Z", "2017-10-16T22:59:07"),
        ("Thu, 20 Apr 2017 01:02:03 +0000", "2017-04-20T01:02:03"),
        ("1557861000", "2019-05-14T19:10:00"),
        ("1557861000.0", "2019-05-14T19:10:00"),
        ("1557861000000", "2019-05-14T19:10:00"),
        ("1557861000000000", "2019-05-14T19:10:00"),
    ],
)
def test_the_many_ways_to_write_a_time(stated: str, moment: str) -> None:
    assert parse_time(stated).isoformat() == moment + "+00:00"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "stated",
    [
        "",
        "yesterday",
        "9/3/2017 2:05",
        "32/13/2017",
        "20171316",
        "2019-03-01 25:00",
        "12:30",
        "31 Feb 2019",
        "2017-13-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1" * 5000,
        "1e999",
        "NaN",
        "٢٠١٧-01-01",
        "2021-04-01 20:17:56 CEST",
    ],
)
def test_what_cannot_be_read_is_no_time(stated: str) -> None:
    assert parse_time(stated) is None


def test_a_date_in_numbers_is_read_in_the_order_that_is_given() -> None:
    day_first, month_first = (
        parse_time("9/3/2017 2:05", "day-first"),
        parse_time("9.3.17", "month-first"),
    )
    assert day_first == datetime(2017, 3, 9, 2, 5, tzinfo=UTC)
    assert month_first == datetime(2017, 9, 3, tzinfo=UTC)
    assert parse_time("23/3/2017", "month-first") is None
    assert parse_time("5/5/2017") == datetime(2017, 5, 5, tzinfo=UTC)


@given(st.datetimes(datetime(2006, 4, 1), datetime(2026, 1, 1)), st.sampled_from(FORMS))
def test_what_the_common_forms_write_is_read(at: datetime, form: str) -> None:
    order: DateOrder = "day-first" if form.startswith("%d") else "month-first"
    assert parse_time(at.strftime(form), order) == at.replace(second=0, microsecond=0, tzinfo=UTC)


@given(st.text(max_size=60))
def test_any_text_is_a_time_or_none(text: str) -> None:
    at = parse_time(text)
    assert at is None or at.tzinfo == UTC


@pytest.mark.parametrize("stated", ["2019-03-01 15.37", "2019-03-01T15,37", "20190301T15.37"])
def test_minutes_behind_a_point_are_not_taken_for_parts_of_a_second(stated: str) -> None:
    assert parse_time(stated) is None
