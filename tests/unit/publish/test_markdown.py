import html.parser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from components.publish.markdown import link, plain

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})
EVIL = st.text(alphabet=st.sampled_from(list("a1 .\n|<>&;#*_[]()!`~\\$:/=\"'-+{}@\u202ew")))


class Text(html.parser.HTMLParser):
    """The text of some HTML, and its tags."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text, self.tags = "", set[str]()
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(text: str) -> str:
    """`text` as its reader sees it, on one line."""
    return " ".join(text.replace("\u202e", " ").split())


@given(EVIL)
def test_any_text_is_shown_letter_by_letter(text: str) -> None:
    page = Text(MARKDOWN.render(plain(text)))
    assert shown(page.text) == shown(text)
    assert page.tags <= {"p"}


@given(EVIL)
def test_no_text_leaves_its_cell_of_a_table(text: str) -> None:
    page = Text(MARKDOWN.render(f"| a | b |\n|---|---|\n| {plain(text)} | end |\n"))
    assert page.tags == {"table", "thead", "tbody", "tr", "th", "td"}
    assert shown(page.text) == f"a b {shown(text)} end".replace("  ", " ")


def test_harmless_text_stays_readable() -> None:
    assert (
        plain("St. Vincent's, 4 o'clock: tea & cake?")
        == "St. Vincent's, 4 o'clock: tea &#38; cake?"
    )
    assert plain("jane_doe") == "jane\\_doe"


def test_an_address_does_not_become_a_link_by_itself() -> None:
    assert "://" not in plain("https://evil.example")
    assert "www." not in plain("www.evil.example")


@pytest.mark.parametrize(
    "address", ["", "javascript:alert(1)", "https://x.example/a b", "https://x.example/)[y](z"]
)
def test_only_plain_web_addresses_are_linked(address: str) -> None:
    assert link("words", address) is None
    assert link("words", "https://wandb.ai/me/p/runs/1") == "[words](https://wandb.ai/me/p/runs/1)"
