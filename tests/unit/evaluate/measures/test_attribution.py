import random

import pytest

from components.evaluate.measures.attribution import AuthorshipClassifier, attributed

LOUD = ("WHAT A GOAL", "UNBELIEVABLE SCENES", "GET IN", "OH MY DAYS", "THE REF IS BLIND", "COME ON")
CALM = ("perhaps the tea", "a quiet garden", "we wait for rain", "the heron stands", "slow light")


def posts(phrases: tuple[str, ...], size: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(phrases, k=3)) for _ in range(size)]


@pytest.fixture(scope="module")
def loud() -> AuthorshipClassifier:
    return AuthorshipClassifier(posts(LOUD, 120, 1), posts(CALM, 60, 2), seed=0)


def test_it_tells_the_author_from_others(loud: AuthorshipClassifier) -> None:
    assert (loud.log_odds(posts(LOUD, 20, 3)) > 0).all()
    assert (loud.log_odds(posts(CALM, 20, 4)) < 0).all()


def test_scattered_letters_are_nobodys(loud: AuthorshipClassifier) -> None:
    chance = random.Random(5)
    noise = ["".join(chance.sample(text, len(text))) for text in posts(LOUD, 20, 6)]
    assert (loud.log_odds(noise) < 0).mean() > 0.8


def test_links_and_names_do_not_give_anybody_away() -> None:
    own = [f"{text} @fan_club https://t.co/abc #goal" for text in posts(CALM, 60, 1)]
    others = [f"{text} @tea_club https://t.co/xyz #tea" for text in posts(CALM, 60, 2)]
    judge = AuthorshipClassifier(own, others, seed=0)
    with_names = judge.log_odds(["we wait for rain @fan_club #goal"])
    assert with_names == pytest.approx(judge.log_odds(["we wait for rain @tea_club #tea"]))


def test_five_posts_together_are_surer_than_one(loud: AuthorshipClassifier) -> None:
    mixed = posts(LOUD, 12, 7)
    mixed[::5] = ["the tea", "a garden", "rain"]
    shares = attributed(loud.log_odds(mixed), seed=0)
    assert shares.post.value == 0.75
    assert shares.bundle is not None
    assert shares.bundle.value == 1.0
    assert attributed(loud.log_odds(mixed[:4]), seed=0).bundle is None
