import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.text.graphemes import count_graphemes, graphemes, trim_to_whole

FAMILY = "👩\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("a\r\nb", 3),
        ("e\u0301a", 2),
        (FAMILY, 1),
        ("👍🏽❤️", 2),
        ("🇫🇷🇩🇪", 2),
        ("今日は", 3),
        ("ที่", 1),
    ],
)
def test_graphemes_are_what_a_reader_sees(text: str, count: int) -> None:
    assert count_graphemes(text) == count == len(graphemes(text))


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        ("the quick brown fo", "the quick brown"),
        ("the quick brown ", "the quick brown"),
        ("It works!", "It works!"),
        ('He said "yes"', 'He said "yes"'),
        ("I love it 😍", "I love it 😍"),
        ("I love it \ufffd", "I love it"),
        ("I love it 😍\ufffd", "I love it 😍"),
        ("I love i\ufffd", "I love"),
        (f"us {FAMILY[:2]}", "us 👩"),
        ("vive la 🇫", "vive la"),
        ("vive la 🇫🇷", "vive la 🇫🇷"),
        ("press 1\ufe0f\u20e3", "press 1\ufe0f\u20e3"),
        ("今日はとても寒い", "今日はとても寒い"),
        ("今日はiPho", "今日は"),
        ("look at https://t.co/ab", "look at"),
        ("thanks @ad", "thanks"),
        ("cafe\u0301 cre\u0301", "cafe\u0301"),
        ("antidisestabl", "antidisestabl"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_a_cut_text_ends_in_a_whole_word(cut: str, whole: str) -> None:
    assert trim_to_whole(cut) == whole


@given(st.text())
def test_trimming_only_shortens_and_leaves_no_broken_end(text: str) -> None:
    whole = trim_to_whole(text)
    assert text.startswith(whole)
    assert not whole.endswith(("\ufffd", "\u200d", " "))
