import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.text.graphemes import count_graphemes, graphemes, settled, trim_to_whole

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


@pytest.mark.parametrize(
    ("so_far", "shown"),
    [
        ("", ""),
        ("My", "My"),
        (" My dre", " My"),
        (" My dream ", " My dream"),
        ("I like 👍", "I like"),
        ("👍", ""),
        ("👍 ", "👍"),
        ("see example.com", "see"),
        ("今日は", "今日"),
        ("now 🇫🇷", "now"),
        ("🇫", ""),
        ("word 1", "word"),
        ("1", ""),
    ],
)
def test_what_is_settled_of_a_text_still_being_written(so_far: str, shown: str) -> None:
    assert settled(so_far) == shown


NASTY = st.text(
    st.sampled_from(
        "ab. !1#\n\r日ที่á👍🏽👩\u200d🚲\ufe0f\u20e3\u0301\ufffd🇫🇷🏴\U000e0067\U000e007f葛\U000e0100"
    ),
    max_size=14,
)


@given(NASTY)
def test_what_is_settled_stays_however_the_text_ends(text: str) -> None:
    shown = [settled(text[:length]) for length in range(len(text) + 1)]
    for length, early in enumerate(shown):
        assert text.startswith(early)
        for later in range(length, len(text) + 1):
            assert trim_to_whole(text[:later]).startswith(early)


@given(NASTY)
@example("1\u200d1")
def test_what_is_settled_ends_between_characters(text: str) -> None:
    ends, start = {0}, 0
    for cluster in graphemes(text):
        # what joins nothing may be left out of the last character
        ends |= {start + len(cluster), start + len(cluster.rstrip("\ufffd\u200d\U000e0067"))}
        start += len(cluster)
    for length in range(len(text) + 1):
        at = len(settled(text[:length]))
        assert at in ends or text[at - 1 : at] in "ab.!"  # a letter takes marks even when shown
