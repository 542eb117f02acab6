from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.raw_datasets import make_post
from support.real_tables import read_table

from components.prepare.classic import clean_classic
from components.prepare.posts import Cleaned, Drop


def classic(text: str) -> str:
    outcome = clean_classic(make_post(text))
    assert isinstance(outcome, Cleaned), outcome
    return outcome.text


@pytest.mark.parametrize("text", ["RT @bob: one two three", "RT @b_1: x"])
def test_a_retweet_is_dropped(text: str) -> None:
    assert clean_classic(make_post(text)) is Drop.RETWEET


@pytest.mark.parametrize(
    "text",
    [
        "RT @bob one two three",
        "so RT @bob: one two",
        "RT @bob:one two three",
        "rt @bob: one two three",
    ],
)
def test_what_does_not_begin_quite_so_is_no_retweet(text: str) -> None:
    assert classic(text) == text


def test_the_text_alone_tells_a_retweet() -> None:
    assert clean_classic(make_post("one two three", kind="repost")) == Cleaned("one two three")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("salt &amp; pepper &lt;3 &gt; all", "salt & pepper <3 > all"),
        ("he said &quot;go &#39;now", "he said &quot;go &#39;now"),
        ("one &amp;lt; two three", "one < two three"),  # unescaped twice, as the original does
        ("one two three https://t.co/a1", "one two three"),
        ("https://t.co/a1 one two three", "one two three"),
        ("one two\nhttps://t.co/a1 three", "one two three"),
        ("one two\nhttp://t.co/a1\nthree", "one two three"),
        ('one two "https://t.co/a1" three', 'one two "three'),
        ("one two (https://t.co/a1) three", "one two (three"),
        ("one\ttwo\n\n three\u3000four ", "one two three four"),
        ("@bob one two three", "@bob one two three"),
        ("http stays: one two three", "http stays: one two three"),
    ],
)
def test_the_text_is_cleaned_by_the_letter(text: str, cleaned: str) -> None:
    assert classic(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one two",
        "one two @bob",
        "one two #x",
        "one two HTTP",
        "今日はとても寒い",
        "one two a@b",
    ],
)
def test_less_than_three_plain_words_are_short(text: str) -> None:
    assert clean_classic(make_post(text)) is Drop.SHORT


@given(
    st.lists(
        st.sampled_from([" ", "\n", "http:", "https:", "//t.co", "a", "@b", "&amp;", "RT @a: "])
    )
)
def test_skipping_patterns_that_cannot_match_changes_nothing(parts: list[str]) -> None:
    import re

    text = "".join(parts)
    outcome = clean_classic(make_post(text))
    if outcome is Drop.RETWEET:
        return
    expected = text.replace("&amp;", "&")
    for start in ("http:", "https:"):
        for form in (" {}\\S+", "{}\\S+ ", "\n{}\\S+ ", "\n{}\\S+", "{}\\S+"):
            expected = re.sub(form.format(start), "", expected)
    expected = " ".join(expected.split())
    assert outcome is Drop.SHORT or outcome == Cleaned(expected)


@pytest.mark.real_posts
@pytest.mark.parametrize(
    ("author", "retweets", "short", "kept"),
    [("drob", 823, 192, 2186), ("BarackObama", 351, 30, 2826), ("realDonaldTrump", 354, 75, 2803)],
)
def test_real_posts_are_counted_as_the_original_counts_them(
    posts_folder: Path, author: str, retweets: int, short: int, kept: int
) -> None:
    outcomes = [clean_classic(post) for post in read_table(posts_folder, author)]
    counts = Counter("kept" if isinstance(one, Cleaned) else one.value for one in outcomes)
    assert counts == {"retweets": retweets, "short": short, "kept": kept}
