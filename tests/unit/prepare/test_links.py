import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.prepare.links import remove_links

L = "https://t.co/abcdefghij"


def removed(text: str, *urls: str) -> str:
    return " ".join(remove_links(text, urls).split())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Read this {L}", "Read this"),
        (f"{L} is new", "is new"),
        (f"one {L} two", "one two"),
        (f"one{L}two", "one two"),
        (f"one {L} {L}\n{L}", "one"),
        (f"He said “{L}” once", "He said once"),
        (f'the "big one" {L}', 'the "big one"'),
        (f"big (see {L}) one", "big (see) one"),
        (f"big ({L}) one", "big one"),
        (f"big ({L} and more) one", "big (and more) one"),
        (f"the end: {L}.", "the end."),
        (f"the end. {L}.", "the end."),
        (f"is it {L}?", "is it?"),
        (f"is it {L} ?", "is it?"),
        (f'"the big one {L}"', '"the big one"'),
        (f"so sad :( {L}", "so sad :("),
        (f"no text: {L} at all", "no text: at all"),
    ],
)
def test_only_the_link_goes(text: str, left: str) -> None:
    assert removed(text) == left


@pytest.mark.parametrize(
    "tail",
    [":", " →", " -", " –", " via", " |", " (", " >>", " ->", " 👉", " ➡️", " via:", ": (", " ["],
)
def test_nothing_dangles_at_the_end(tail: str) -> None:
    assert removed(f"My new piece{tail} {L}") == "My new piece"


@pytest.mark.parametrize("end", ["#maths", "(h/t @ada)", "via @ada", "@ada", "| more"])
def test_nothing_dangles_before_tags_and_credits(end: str) -> None:
    assert removed(f"My new piece: {L} {end}") == f"My new piece {end}"


@pytest.mark.parametrize("note", ["via", "link:", "source:", "", "Photo:"])
def test_a_bracket_about_the_link_goes_with_it(note: str) -> None:
    assert removed(f"My new piece ({note} {L}) #maths") == "My new piece #maths"


@pytest.mark.parametrize(
    "text", ["What I want:", "a -", "he came via", "stats::", "1 | 2 (", "and/or:"]
)
def test_what_hangs_without_a_link_stays(text: str) -> None:
    assert remove_links(text, ()) == text


def test_a_title_after_a_link_loses_its_dash() -> None:
    assert removed(f"{L} - My new piece") == "My new piece"


def test_named_links_go_first_since_they_tell_where_a_link_ends() -> None:
    text = "see http://ex.org/a&b;c and http://ex.org/a"
    assert removed(text, "http://ex.org/a", "http://ex.org/a&amp;b;c") == "see and"


@given(st.text(st.sampled_from(':->|([)]}"“” .!via\n'), max_size=30), st.text(max_size=10))
def test_links_go_whatever_surrounds_them(before: str, after: str) -> None:
    left = remove_links(f"{before} {L} {after}".replace("\0", ""), ())
    assert "t.co" not in left
    assert "\0" not in left
