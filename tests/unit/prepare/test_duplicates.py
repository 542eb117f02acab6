import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.prepare.duplicates import SIMILARITY, without_near_duplicates

TEN = "one two three four five six seven eight nine ten"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TEN, TEN),
        (TEN, TEN.upper() + "!!"),
        (TEN, TEN + " eleven twelve"),  # 8 of 10 runs
        ("Good morning", "good morning."),
        ("😂😂", "😂😂"),
        ("今日は本当に寒いですねみなさん", "今日は本当に寒いですねみなさん。。"),
    ],
)
def test_a_later_post_that_says_the_same_goes(first: str, second: str) -> None:
    assert without_near_duplicates([first, "something else altogether", second]) == [0, 1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TEN, TEN + " eleven twelve thirteen fourteen"),  # 8 of 12 runs
        (TEN, "ten nine eight seven six five four three two one"),
        ("good morning", "good evening"),
        ("good morning", "good morning all"),
        ("😂😂", "😂"),
        ("今日は本当に寒いですね", "明日は本当に暑いでしょう"),
    ],
)
def test_a_post_that_differs_stays(first: str, second: str) -> None:
    assert without_near_duplicates([first, second]) == [0, 1]


def test_seven_of_ten_runs_are_enough() -> None:
    words = [f"w{number}" for number in range(11)]
    shorter = " ".join(words[:9])  # 7 runs
    longer = " ".join([*words[:9], "x", "y", "z"])  # these 7 and 3 more
    assert without_near_duplicates([shorter, longer]) == [0]
    assert without_near_duplicates([longer, shorter]) == [0]


def test_only_posts_that_stay_count_as_earlier() -> None:
    chain = [" ".join(f"w{n}" for n in range(start, start + 14)) for start in range(0, 6, 2)]
    assert without_near_duplicates(chain) == [0, 2]


def runs_of(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


@given(
    st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=9).map(" ".join), max_size=25)
)
def test_it_finds_what_comparing_all_pairs_finds(texts: list[str]) -> None:
    kept: list[int] = []
    for place, text in enumerate(texts):
        mine = runs_of(text)
        rivals = (runs_of(texts[other]) for other in kept)
        if all(len(mine & rival) / len(mine | rival) < SIMILARITY for rival in rivals):
            kept.append(place)
    assert without_near_duplicates(texts) == kept


def test_time_grows_with_the_posts_and_not_with_their_square() -> None:
    chance = random.Random(7)
    words = [f"w{int(chance.paretovariate(0.6))}" for _ in range(300_000)]
    texts = [" ".join(words[i : i + 15]) for i in range(0, len(words), 15)]
    texts += [f"today is day {day} of my hundred days of writing code" for day in range(2000)]
    start = time.process_time()
    without_near_duplicates(texts)
    assert time.process_time() - start < 20
