import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.raw_datasets import make_post

from components.prepare.cleaning import clean_default
from components.prepare.posts import Cleaned, Drop
from components.prepare.quoted_lines import cut_quoted_lines

OWN = "I could not have said it better"


def clean(text: str, *, keep_newlines: bool = False) -> Cleaned | Drop:
    return clean_default(make_post(text), replies_are_marked=False, keep_newlines=keep_newlines)


@pytest.mark.parametrize(
    "text",
    [
        f"> geese march all day\n{OWN}",
        f"&gt; geese march all day\n{OWN}",
        f"{OWN}\n> geese march all day",
        f"> geese march\r\n> all day\r\n\r\n{OWN}",
        f"> geese march\n>\n> > all day\n>> and night\n\n{OWN}",
        f" > geese march all day\n{OWN}",
    ],
)
def test_quoted_lines_go_and_own_words_stay(text: str) -> None:
    assert clean(text) == Cleaned(OWN, trimmed=(Drop.QUOTED_LINES,))
    assert clean(text, keep_newlines=True) == clean(text)


@pytest.mark.parametrize(
    "text", ["> geese march all day", "> geese march all day\nQuite so", "> 5 people were there"]
)
def test_a_post_of_quoted_lines_alone_is_counted_as_such(text: str) -> None:
    assert clean(text) is Drop.QUOTED_LINES


@pytest.mark.parametrize(
    "text",
    [
        ">:( that is so sad",
        ">_< that is so sad",
        ">that is so sad",
        ">>> that is so sad",
        "all of 5 > 3 is true",
        "that is\n>\nso sad",
    ],
)
def test_what_is_no_quoted_line_stays(text: str) -> None:
    assert clean(text, keep_newlines=True) == Cleaned(text)


def test_both_kinds_are_told() -> None:
    text = f"> geese march all day\n“@ann: they do not” {OWN}"
    assert clean(text) == Cleaned(OWN, trimmed=(Drop.QUOTED_LINES, Drop.MANUAL_RETWEET))


@given(st.lists(st.sampled_from(["> ", ">", "a ", "\n", " ", ">> "]) | st.text(max_size=3)))
def test_no_line_that_quotes_remains(pieces: list[str]) -> None:
    text = "\n".join("".join(pieces).splitlines())
    own = cut_quoted_lines(text)
    assert not any(
        line.startswith("> ") and any(map(str.isalnum, line)) for line in own.split("\n")
    )
    assert own in text or set(own.split("\n")) <= {*text.split("\n"), ""}
