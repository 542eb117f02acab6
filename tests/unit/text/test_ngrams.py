import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.text.ngrams import RunIndex, words_of

texts = st.lists(st.sampled_from(["a", "b", "c", "d", "!"]), max_size=12).map(" ".join)


def longest_run_by_hand(text: str, posts: list[str]) -> int:
    """Try every run of the text against every place of every post."""
    words = words_of(text)
    longest = 0
    for post in map(words_of, posts):
        for start in range(len(words)):
            for at in range(len(post)):
                run = 0
                while words[start + run : start + run + 1] == post[at + run : at + run + 1] != ():
                    run += 1
                longest = max(longest, run)
    return longest


@given(texts, st.lists(texts, max_size=8))
def test_the_longest_run_is_what_brute_force_finds(text: str, posts: list[str]) -> None:
    assert RunIndex(posts).longest_run(words_of(text)) == longest_run_by_hand(text, posts)


@given(texts, st.lists(texts, max_size=8))
def test_exact_is_equality_of_word_sequences(text: str, posts: list[str]) -> None:
    expected = words_of(text) in [words_of(post) for post in posts]
    assert RunIndex(posts).holds(words_of(text)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't STOP, it’s 5:30!", ("don't", "stop", "it’s", "5", "30")),
        ("'quoted' rock 'n' roll'", ("quoted", "rock", "n", "roll")),
        ("cafe\u0301 = caf\u00e9", ("caf\u00e9", "caf\u00e9")),
        ("Straße", ("strasse",)),
        ("snake_case #tag @you", ("snake_case", "tag", "you")),
        ("🙂 …", ()),
        ("", ()),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


def test_no_run_crosses_from_one_post_into_the_next() -> None:
    index = RunIndex(["one two", "three four"])
    assert index.longest_run(words_of("one two three four")) == 2


def test_an_empty_collection_shares_nothing() -> None:
    index = RunIndex([])
    assert index.longest_run(words_of("one two")) == 0
    assert not index.holds(())


def test_twenty_thousand_equal_posts_are_no_trap() -> None:
    """A slogan that every post repeats must not make the search quadratic."""
    posts = ["the same old slogan again and again my friends"] * 20_000
    started = time.monotonic()
    index = RunIndex(posts)
    for _ in range(500):
        assert index.longest_run(words_of("and again the same old slogan again and again")) == 7
    assert time.monotonic() - started < 20
