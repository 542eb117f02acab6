from hypothesis import given
from hypothesis import strategies as st

from components.text.terminal import printable


def test_controls_are_written_out() -> None:
    assert printable("a\x1b[2Jb\x07\rc\x9b\u202e") == r"a\x1b[2Jb\x07\rc\x9b\u202e"


def test_text_stays_as_it_is() -> None:
    text = "naïve\t日本 👩\u200d🚀\n\\x1b"
    assert printable(text) == text


@given(st.text())
def test_no_control_gets_through(text: str) -> None:
    assert all(mark >= " " or mark in "\t\n" for mark in printable(text))
