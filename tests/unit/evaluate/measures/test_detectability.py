import random

from components.evaluate.measures.detectability import detectability

WORDS = ("river", "lamp", "quiet", "garden", "tea", "rain", "window", "stone", "early", "bird")


def posts(size: int, seed: int, end: str = "") -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=6)) + end for _ in range(size)]


def test_equal_sources_are_not_told_apart() -> None:
    auc = detectability(posts(150, 1), posts(150, 2), seed=0).auc
    assert auc is not None
    assert auc.low < 0.5 < auc.high


def test_a_telltale_mark_is_found() -> None:
    auc = detectability(posts(80, 1), posts(80, 2, end=" !!!"), seed=0).auc
    assert auc is not None
    assert auc.low > 0.99


def test_texts_that_are_copies_of_one_another_are_not_learned_by_heart() -> None:
    same = posts(10, 3) * 12
    auc = detectability(posts(120, 1), same, seed=0).auc
    assert auc is not None
    assert auc.low < 0.75


def test_too_few_texts_say_nothing() -> None:
    assert detectability(posts(9, 1), posts(50, 2), seed=0).auc is None
    assert detectability(posts(50, 1), ["the same"] * 50, seed=0).auc is None
