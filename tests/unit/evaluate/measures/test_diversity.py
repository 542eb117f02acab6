import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU

from components.evaluate.measures.diversity import diverse, self_bleu

words = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=8).map(tuple)


@settings(max_examples=60)
@given(st.lists(words, min_size=2, max_size=6))
def test_self_bleu_is_sacrebleus(posts: list[tuple[str, ...]]) -> None:
    bleu = BLEU(tokenize="none", effective_order=True)
    said = [
        bleu.sentence_score(" ".join(post), [" ".join(other) for other in _without(posts, at)])
        for at, post in enumerate(posts)
    ]
    assert self_bleu(posts) == [pytest.approx(score.score / 100) for score in said]


def _without(posts: list[tuple[str, ...]], at: int) -> list[tuple[str, ...]]:
    return posts[:at] + posts[at + 1 :]


def test_texts_that_repeat_each_other_are_not_diverse() -> None:
    varied = ["the early bird hums", "seven lamps wait outside", "nobody asked my kettle"]
    repeated = diverse(["the early bird hums"] * 3, tokens=12, compared=3, seed=0)
    different = diverse(varied, tokens=12, compared=3, seed=0)
    assert (repeated.distinct_2.value, repeated.self_bleu_4.value) == (pytest.approx(1 / 3), 1.0)
    assert (different.distinct_2.value, different.self_bleu_4.value) == (1.0, 0.0)


def test_only_so_many_words_and_texts_count() -> None:
    texts = ["one two three four", "one two three four", "five six seven eight"]
    assert diverse(texts, tokens=4, compared=3, seed=0).distinct_2.value == 1.0
    assert diverse(texts, tokens=8, compared=3, seed=0).distinct_2.value == 0.5
    assert diverse(texts, tokens=8, compared=2, seed=0).self_bleu_4.value == 0.0


def test_texts_without_words_are_measured_all_the_same() -> None:
    silent = diverse(["", "…", "🙂"], tokens=10, compared=3, seed=0)
    assert (silent.distinct_2.value, silent.self_bleu_4.value) == (0.0, 0.0)
