import random
from datetime import UTC, datetime

import pytest

from components.collect.posts import make_post
from components.collect.spool import Spool
from components.collect.tables import ids
from components.collect.tables.ids import trusted_id
from components.contracts.posts import Post


def settle_ids(posts: list[Post]) -> tuple[list[Post], dict[str, int]]:
    with Spool() as spool:
        for one in posts:
            spool.add(one)
        counts = ids.settle_ids(spool, "ann")
        return list(spool.posts("ann")), counts


def post(post_id: str, text: str = "x", minute: int = 0) -> Post:
    at = datetime(2016, 1, 1, 0, minute, tzinfo=UTC)
    return make_post(post_id=trusted_id(post_id), author="ann", created_at=at, text=text)


@pytest.mark.parametrize(
    ("stated", "trusted"),
    [
        ("804403535312027648", "804403535312027648"),
        (" '804403535312027648 ", "804403535312027648"),
        ("https://twitter.com/ann/status/12?s=20", "12"),
        ("https://x.com/ann/status/12/", "12"),
        ("a-b_c", "a-b_c"),
        ("12.0", "12"),
        ("804403535312027648.0", ""),
        ("8.04E+17", ""),
        ("8E17", ""),
        ("8.04403535312027e+17", ""),
        ("8,04E+17", ""),
        ("", ""),
        ("NaN", ""),
        ("two words", ""),
        ("9" * 65, ""),
    ],
)
def test_damaged_ids_are_not_trusted(stated: str, trusted: str) -> None:
    assert trusted_id(stated) == trusted


def test_damaged_ids_never_merge_posts() -> None:
    rows = [post("8.04E+17", "a"), post("8.04E+17", "b"), post("", "a"), post("5", "c")]
    settled, notes = settle_ids(rows)
    assert sorted(one.text for one in settled) == ["a", "a", "b", "c"]
    assert len({one.id for one in settled}) == 4
    assert notes == {"substitute_ids": 3, "repeated_rows": 0}


def test_one_id_for_two_posts_is_damaged_and_one_row_twice_is_one_post() -> None:
    settled, notes = settle_ids([post("5", "a"), post("5", "b"), post("6", "c"), post("6", "c")])
    assert {one.text: one.id for one in settled}["c"] == "6"
    assert sorted(one.text for one in settled) == ["a", "b", "c"]
    assert notes == {"substitute_ids": 2, "repeated_rows": 1}


def test_ids_that_a_spreadsheet_rounded_are_replaced() -> None:
    rows = [post(f"8044035353{number:05}000", str(number)) for number in range(20)]
    settled, notes = settle_ids(rows)
    assert len(settled) == 20
    assert notes == {"substitute_ids": 20, "repeated_rows": 0}


def test_substitutes_are_the_same_in_any_order() -> None:
    rows = [post("", text, minute) for text in "aab" for minute in range(3)]
    shuffled = rows.copy()
    random.Random(1).shuffle(shuffled)
    assert settle_ids(rows) == settle_ids(shuffled)


def test_posts_stand_oldest_first_then_by_number() -> None:
    rows = [post("10"), post("9"), post("row-1"), post("1", minute=1)]
    assert [one.id for one in settle_ids(rows)[0]] == ["row-1", "9", "10", "1"]
