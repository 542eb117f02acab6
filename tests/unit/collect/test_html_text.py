"""Mastodon's HTML and the text that was typed, both ways."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.collect.html_text import read_html
from components.collect.mastodon.posts import read_status
from components.collect.web.account import Account
from components.collect.web.links import whole_link
from components.contracts.posts import Post
from components.prepare.cleaning import clean_default
from components.prepare.posts import Drop

LINK = "https://www.example.com/a/path/that/is/far/too/long/to/be/shown?a=1&b=2"
SHOWN = (
    '<a href="https://www.example.com/a/path/that/is/far/too/long/to/be/shown?a=1&amp;b=2" '
    'target="_blank" rel="nofollow noopener"><span class="invisible">https://www.</span>'
    '<span class="ellipsis">example.com/a/path/that/is/far</span>'
    '<span class="invisible">/too/long/to/be/shown?a=1&amp;b=2</span></a>'
)
MENTION = (
    '<span class="h-card"><a href="https://else.example/@ann" class="u-url mention">'
    "@<span>ann</span></a></span>"
)
TAG = '<a href="https://social.example/tags/soup" class="mention hashtag">#<span>soup</span></a>'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>one<br />two<br/>three</p><p>four</p>", "one\ntwo\nthree\n\nfour"),
        ("<p>one</p>\n  <p>two</p>\n", "one\n\ntwo"),
        ("one<br><br>two", "one\n\ntwo"),
        ("<p>one\ntwo</p>", "one two"),
        ("<p>two  blanks</p>", "two  blanks"),
        (f"<p>{MENTION} hi {TAG}!</p>", "@ann hi #soup!"),
        (f"<p>see {SHOWN}</p>", f"see {LINK}"),
        ('<p><a href="https://example.org">this page</a></p>', "this page"),
        (
            '<p><a href="https://example.org/a/b">example.org/a…</a>.</p>',
            "https://example.org/a/b.",
        ),
        ("<p>a <strong>strong</strong> <em>word</em></p>", "a strong word"),
        ("<ul><li>one</li><li>two</li></ul><p>three</p>", "one\ntwo\n\nthree"),
        ("<blockquote><p>said</p></blockquote><p>so</p>", "> said\n\nso"),
        ("<pre><code>if x:\n    y\n</code></pre>", "if x:\n    y"),
        ("<p>Fish &amp; &lt;chips&gt; &amp;lt; &#39;&quot;</p>", "Fish & <chips> &lt; '\""),
        (f'<p class="quote-inline">RE: {SHOWN}</p><p>mine</p>', "mine"),
        (f'<span class="quote-inline"><br/><br/>RE: {SHOWN}</span><br>mine', "mine"),
        ("<script>x</script><style>y</style>seen", "seen"),
        ("<blockquote>theirs</blockquote>mine", "> theirs\n\nmine"),
        ("<p>mine</p><blockquote><p>a<br>b</p></blockquote>", "mine\n\n> a\n> b"),
        ("<blockquote><p>a</p><p>b</p></blockquote><p>c</p>", "> a\n\n> b\n\nc"),
        (
            "<blockquote>a<blockquote>b</blockquote>c</blockquote>d",
            "> a\n\n> > b\n\n> c\n\nd",
        ),
        ("<blockquote><pre>a\nb</pre></blockquote>", "> a\n> b"),
        (f"<blockquote><p>{SHOWN}</p></blockquote>", f"> {LINK}"),
        ("a</blockquote><p>b</p>", "a\n\nb"),
        ("<blockquote></blockquote><p>mine</p>", "mine"),
        ("", ""),
        ("<p></p>", ""),
        ("no tags, 1 < 2 & 3 > 2", "no tags, 1 < 2 & 3 > 2"),
        ("<!-- no --><![CDATA[ no ]]><p>yes", "yes"),
        ('<a href="https://example.org">https://example.org', "https://example.org"),
    ],
)
def test_html_is_the_text_that_was_typed(content: str, text: str) -> None:
    assert read_html(content).text == text


def test_of_a_quotation_the_answer_alone_is_learned() -> None:
    content = "<blockquote><p>geese march<br>all day</p></blockquote><p>I have seen them too</p>"
    stated = {"id": "1", "created_at": "2024-01-01T00:00:00Z", "content": content}
    post = read_status(stated, Account("a", "ann", None, None, None))
    assert isinstance(post, Post)
    cleaned = clean_default(post, replies_are_marked=True, keep_newlines=False)
    assert not isinstance(cleaned, Drop)
    assert cleaned.text == "I have seen them too"


def test_a_link_is_there_whole_and_once() -> None:
    read = read_html(f"<p>{SHOWN} and {SHOWN}, {MENTION}: {TAG}</p>")
    assert read.urls == (LINK,)
    assert read.text == f"{LINK} and {LINK}, @ann: #soup"


@pytest.mark.parametrize(
    ("shown", "link", "whole"),
    [
        ("example.com/a…", "https://example.com/a/b", True),
        ("example.com/a...", "http://www.example.com/a/b", True),
        ("https://EXAMPLE.com", "https://example.com", True),
        ("example.com", "https://example.com:80/a", True),
        ("e", "https://example.com", False),
        ("", "https://example.com", False),
        ("example.com/b…", "https://example.com/a/b", False),
        ("example.com.evil", "https://example.com", False),
        ("javascript", "javascript:alert(1)", False),
        ("", "", False),
    ],
)
def test_a_part_of_a_link_stands_for_it(shown: str, link: str, whole: bool) -> None:
    assert whole_link(shown, link) == (link if whole else shown)


def mastodon_html(text: str) -> str:
    """What Mastodon makes of a text without links: paragraphs at empty lines, and line breaks."""
    paragraphs = re.split(r"\n\n+", html.escape(text).replace("&#x27;", "&#39;"))
    return "".join("<p>" + one.replace("\n", "<br />") + "</p>" for one in paragraphs)


TYPED = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("&<>;\"'# a\n"), max_size=60
)


@settings(deadline=None, max_examples=300)
@given(TYPED)
def test_what_was_typed_comes_back(text: str) -> None:
    lines = [line for line in re.split(r"\n\n+", text) if line.strip(" ")]
    expected = "\n\n".join(lines).strip()
    assert _even(read_html(mastodon_html(text)).text) == _even(expected)


def _even(text: str) -> str:
    """The text with its blanks and line breaks evened out, which cleaning does too."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ ]*\n[ ]*", "\n", text))


@settings(deadline=None, max_examples=300)
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                *(
                    "<p>",
                    "</p>",
                    "<br>",
                    "<a href='https://x.example'>",
                    "</a>",
                    "x.example",
                    "<span>",
                ),
                *(
                    "</span>",
                    "<![",
                    "<!",
                    "<?",
                    "</",
                    "<",
                    "&",
                    "&amp;lt;",
                    "<pre>",
                    "<blockquote>",
                    "</blockquote>",
                    "</pre>",
                    "\n",
                    "<script>",
                ),
                *(
                    "<p class=quote-inline>",
                    "<!--",
                    "-->",
                    "]]>",
                    " ",
                    "word",
                    "&#0;",
                    "&#xd800;",
                    ">",
                ),
            ]
        ),
        max_size=20,
    ).map("".join)
)
def test_any_string_is_some_html(content: str) -> None:
    read = read_html(content)
    assert all(url in read.text for url in read.urls)


@settings(deadline=None)
@given(st.text(st.sampled_from("&<>;amplt#39 \"'"), min_size=1, max_size=30))
def test_a_text_is_escaped_once(text: str) -> None:
    """What cleaning unescapes once is what was typed."""
    stated = {"id": "1", "created_at": "2024-01-01T00:00:00Z", "content": mastodon_html(text)}
    post = read_status(stated, Account("a", "ann", None, None, None))
    assert isinstance(post, Post)
    assert html.unescape(post.text) == text.strip()


def test_an_ampersand_that_was_typed_stays_one() -> None:
    content = "<p>write &amp;amp;lt; for &amp;lt; and for &lt;, my friends</p>"
    stated = {"id": "1", "created_at": "2024-01-01T00:00:00Z", "content": content}
    post = read_status(stated, Account("a", "ann", None, None, None))
    assert isinstance(post, Post)
    cleaned = clean_default(post, replies_are_marked=True, keep_newlines=False)
    assert not isinstance(cleaned, Drop)
    assert cleaned.text == "write &amp;lt; for &lt; and for <, my friends"
