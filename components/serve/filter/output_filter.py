"""The filter between what a model writes and what leaves the server."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from components.serve.filter.copied import copied_spans, places_of_words
from components.serve.filter.holding import settled_until
from components.serve.filter.personal import MaskedSpan, covered, personal_spans
from components.text.spans import BEGINNINGS, SPANS, Beginnings, SpanFilter

CONTEXT = 400
"""Characters of a prompt that count as the beginning of what is written after it."""


class Piece(NamedTuple):
    """A part of what was written, and what is shown for it."""

    start: int
    end: int
    shown: str
    masked: bool


@dataclass(frozen=True)
class OutputFilter:
    """What may not leave with the texts of one model."""

    own: Collection[str] = frozenset()
    """The authors' handles in lower case: they alone may be mentioned."""
    spans: SpanFilter | None = None
    """The training posts' runs of words; None for a model that was published without them."""
    beginnings: Beginnings | None = None
    """How those runs begin; None for a model that was published without: then every word may."""
    on: bool = True
    """Off where the operator switched it off."""

    @classmethod
    def of(cls, folder: Path, authors: Collection[str], *, on: bool) -> "OutputFilter":
        """The filter of the model in this folder.

        Raises:
            BadInputError: its `spans.bloom` or `beginnings.bloom` is damaged.
        """
        own = frozenset(author.lower() for author in authors)
        runs, beginnings = folder / SPANS, folder / BEGINNINGS
        return cls(
            own,
            SpanFilter.read(runs) if on and runs.is_file() else None,
            Beginnings.read(beginnings) if on and beginnings.is_file() else None,
            on,
        )

    def find(self, text: str) -> list[MaskedSpan]:
        """What may not be shown of `text`, in order; what overlaps is one.

        Looked for again after each find, as one find may bare another that was glued to it.
        """
        return self.look(text)[0]

    def look(self, text: str) -> tuple[list[MaskedSpan], list[str]]:
        """What `find` finds, and the texts that were looked at, each as long as `text`."""
        found: list[MaskedSpan] = []
        looked = [text]
        while new := self._found(looked[-1], found):
            found += new
            looked.append(covered(looked[-1], new))
        return _joined(found), looked

    def _found(self, text: str, before: Collection[MaskedSpan]) -> list[MaskedSpan]:
        """What a look finds; no run of words goes through what was found `before`."""
        copied = copied_spans(places_of_words(text), self.spans) if self.spans else ()
        bare = (
            run for run in copied if all(run.end <= o.start or o.end <= run.start for o in before)
        )
        return [*personal_spans(text, self.own), *bare]

    def apply(self, prompt: str, text: str) -> str:
        """What is shown of a whole `text` that was written after `prompt`."""
        return SampleFilter(self, prompt).push(text, final=True)


class SampleFilter:
    """One sample on its way out; what it gave stays as it is, whatever is written after it."""

    def __init__(self, rules: OutputFilter, before: str) -> None:
        self._rules = rules
        self._text = before[-CONTEXT:]
        self._done = len(self._text)
        self.context = len(self._text)
        """Where what the model wrote begins in the places of pieces."""

    def push(self, text: str, *, final: bool) -> str:
        """What can be shown now that `text` was written too; all that is left if it is `final`."""
        return "".join(piece.shown for piece in self.pieces(text, final=final))

    def pieces(self, text: str, *, final: bool) -> list[Piece]:
        """As `push`, but with the place of each part in the text written so far."""
        self._text += text
        end, found = self._shown_now(final)
        pieces = []
        for span in found:
            if span.start >= end or span.end <= self._done:
                continue
            pieces += self._plain(span.start)
            if span.end > end:  # it may still grow
                return pieces
            pieces.append(Piece(self._done, span.end, span.mask, masked=True))
            self._done = span.end
        return pieces + self._plain(end)

    def _plain(self, end: int) -> list[Piece]:
        if end <= self._done:
            return []
        piece = Piece(self._done, end, self._text[self._done : end], masked=False)
        self._done = end
        return [piece]

    def _shown_now(self, final: bool) -> tuple[int, list[MaskedSpan]]:
        """Up to where the text can be shown, and what must not be shown of it."""
        end = len(self._text)
        if not self._rules.on:
            return end, []
        if not final:
            end = self._settled([self._text])
        if end <= self._done:
            return end, []
        found, looked = self._rules.look(self._text)
        if found and not final:
            end = min(end, self._settled(looked[1:]))
        return end, found

    def _settled(self, looked: list[str]) -> int:
        """How much is settled, whichever of the texts that are looked at a run may go on in."""
        words = [places_of_words(text) for text in looked] if self._rules.spans else []
        return settled_until(self._text, self._done, words, self._rules.beginnings)


def _joined(found: Collection[MaskedSpan]) -> list[MaskedSpan]:
    """The spans in order; those that overlap are one."""
    joined: list[MaskedSpan] = []
    for span in sorted(found):
        if joined and span.start < joined[-1].end:
            last = joined.pop()
            span = MaskedSpan(last.start, max(last.end, span.end), last.mask)
        joined.append(span)
    return joined
