"""The HTML in which Mastodon gives posts, as the text that was typed."""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import NamedTuple

from components.collect.web.links import whole_link

_HEADINGS = {f"h{level}" for level in range(1, 7)}
_PARAGRAPHS = {"blockquote", "div", "hr", "ol", "p", "pre", "ul"} | _HEADINGS
_UNSEEN = {"script", "style", "template", "title"}
_FALLBACK = "quote-inline"
"""The class of what stands in for a quoted post in apps that do not know quotes: `RE: https://…`."""
_LINE_BREAKS = str.maketrans("\t\n\f\r", "    ")


class Text(NamedTuple):
    """A text with its links whole, and those that stand in it."""

    text: str
    urls: tuple[str, ...]


def read_html(content: str) -> Text:
    """The text that a browser would show, with links whole; any string is some HTML."""
    reader = _Reader()
    reader.feed(content)
    reader.close()
    return reader.result()


class _Reader(HTMLParser):
    """Writes the text piece by piece as tags come and go."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._breaks = 0
        """Line breaks that stand before whatever is written next."""
        self._link: tuple[str, int] | None = None
        """The open link, and how many pieces were written before its text."""
        self._unseen: list[str] = []
        """The open element whose text is not shown, and those of its name in it."""
        self._preformatted = 0
        self._quoted = 0
        """How many quotations are open; each sets `> ` before a line, as it is typed."""
        self._urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Begin an element."""
        facts = dict(attrs)
        if self._unseen:
            self._unseen += [tag] if tag == self._unseen[0] else []
        elif tag in _UNSEEN or (tag in ("p", "span") and facts.get("class") == _FALLBACK):
            self._unseen = [tag]
        elif tag == "a":
            self._end_link()
            self._write_breaks()
            self._link = (facts.get("href") or "", len(self._pieces))
        else:
            self._preformatted += tag == "pre"
            self._quoted += tag == "blockquote"
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if self._unseen:
            if tag == self._unseen[0]:
                self._unseen.pop()
        elif tag == "a":
            self._end_link()
        elif tag != "br":
            self._preformatted -= tag == "pre" and self._preformatted > 0
            self._quoted -= tag == "blockquote" and self._quoted > 0
            self._break(tag)

    def handle_data(self, data: str) -> None:
        """Write text; blanks between paragraphs are none."""
        text = data if self._preformatted else data.translate(_LINE_BREAKS)
        if not self._unseen and (text.strip(" ") or not self._breaks):
            self._write_breaks()
            self._pieces.append(text.replace("\n", "\n" + "> " * self._quoted))

    def parse_marked_section(self, i: int, report: bool | int = True) -> int:
        """Pass over `<![…>` as browsers do; the parser's own method knows but some of them."""
        return self.parse_bogus_comment(i)

    def result(self) -> Text:
        """What was written."""
        self._end_link()
        return Text("".join(self._pieces).strip(), tuple(dict.fromkeys(self._urls)))

    def _break(self, tag: str) -> None:
        if tag == "br":
            self._breaks += 1
        elif tag == "li":
            self._breaks = max(self._breaks, 1)
        elif tag in _PARAGRAPHS:
            self._breaks = max(self._breaks, 2)

    def _write_breaks(self) -> None:
        if self._breaks:
            self._pieces.append("\n" * self._breaks + "> " * self._quoted)
        self._breaks = 0

    def _end_link(self) -> None:
        """Write an open link whole where its text is a part of it."""
        if self._link is None:
            return
        (href, start), self._link = self._link, None
        text = "".join(self._pieces[start:])
        written = whole_link(text, href)
        self._pieces[start:] = [written]
        if written == href:
            self._urls.append(href)
