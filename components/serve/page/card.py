"""A model card as HTML: Markdown's own tags and nothing else, whoever wrote the card."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---\r?\n.*?^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_OWN_PICTURE = re.compile(r'<img src="([\w.-]+)" alt="([^"<>&]*)"', re.ASCII)
"""How a card shows the author: the one tag that it writes out, for its width."""
LOWER = 2
"""The card stands below a heading of the second level."""
MOST_CHARACTERS = 200_000


def card_html(markdown: str, pictures: Mapping[str, str]) -> str:
    """The card without its front matter.

    HTML in it is left out but for the author's picture; links lead to the web only, and pictures
    are those in `pictures`: data URIs by file name.
    """
    text = _FRONT_MATTER.sub("", markdown[:MOST_CHARACTERS], count=1)
    parser = MarkdownIt("commonmark", renderer_cls=_Renderer).enable("table")
    return str(parser.render(text, {"pictures": pictures}))


class _Renderer(RendererHTML):
    """CommonMark's renderer, stricter where a page of ours shows what others wrote."""

    def html_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        found = _OWN_PICTURE.findall(tokens[idx].content)
        return "".join(_picture(name, alt, env, "portrait") for name, alt in found)

    def html_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return ""

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        alt = self.renderInlineAsText(token.children or [], options, env)
        return _picture(str(token.attrGet("src") or ""), alt, env, "") or escapeHtml(alt)

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        if not re.match(r"https?://", str(token.attrGet("href") or "")):
            token.attrs.pop("href", None)
        token.attrSet("rel", "noopener noreferrer nofollow")
        return self.renderToken(tokens, idx, options, env)

    def heading_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"<{_lowered(tokens[idx])}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return f"</{_lowered(tokens[idx])}>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        tokens[idx].attrSet("scope", "col")
        return self.td_open(tokens, idx, options, env)

    def td_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Columns are aligned by the style sheet: the page allows no styles beside it."""
        tokens[idx].attrs.pop("style", None)
        return self.renderToken(tokens, idx, options, env)


def _picture(name: str, alt: str, env: Mapping[str, Any], kind: str) -> str:
    uri = env["pictures"].get(name)
    return f'<img class="{kind}" alt="{escapeHtml(alt)}" src="{uri}">' if uri else ""


def _lowered(token: Token) -> str:
    return f"h{min(int(token.tag[1:]) + LOWER, 6)}"
