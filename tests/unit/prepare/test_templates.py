from support.raw_datasets import START

from components.prepare.posts import CleanPost
from components.prepare.templates import template_places

PROSE = ["plain words of a person", "some other words here", "and a third one too", "so it goes on"]


def posts(texts: list[str], source: str | None) -> list[CleanPost]:
    return [CleanPost(str(n), "ada", START, text, source, 0, 0) for n, text in enumerate(texts)]


def by_hand(count: int, source: str | None = "Web") -> list[CleanPost]:
    return posts([f"{n} {PROSE[n % 4]} {n}" for n in range(count)], source)


def test_an_app_that_writes_for_its_user_is_told() -> None:
    app = posts([f"I just ran {n} miles" for n in range(5)], "Runner")
    assert template_places([*by_hand(20), *app]) == {20, 21, 22, 23, 24}


def test_an_app_may_have_several_templates() -> None:
    app = posts(
        [f"I'm at Café {n}" for n in range(9)] + [f"New badge: {n}" for n in range(6)], "Spot"
    )
    assert len(template_places([*by_hand(20), *app])) == 15


def test_few_repeats_are_no_template() -> None:
    app = posts([f"I just ran {n} miles" for n in range(4)], "Runner")
    assert template_places([*by_hand(20), *app]) == set()


def test_an_app_in_which_the_author_writes_is_left_alone() -> None:
    app = posts(
        [f"I just ran {n} miles" for n in range(5)] + [p.text for p in by_hand(9)], "Client"
    )
    assert template_places([*by_hand(40), *app]) == set()


def test_an_author_who_always_begins_alike_keeps_the_posts() -> None:
    assert template_places(posts([f"Word of the day: {n}" for n in range(30)], "Robot")) == set()


def test_long_frames_are_told_whatever_posted_them() -> None:
    shares = posts([f"I just unlocked the {n}th badge via @spot" for n in range(10)], None)
    assert template_places([*by_hand(5, None), *shares]) == set(range(5, 15))
    assert template_places([*by_hand(5, None), *shares[:9]]) == set()


def test_short_beginnings_of_an_unknown_source_are_the_authors() -> None:
    assert template_places(posts([f"Thank you town {n}" for n in range(50)], None)) == set()


def test_nothing_is_no_template() -> None:
    assert template_places([]) == set()
