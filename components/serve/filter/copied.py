"""Finding the runs of words that a text shares with the training posts."""

import re
import unicodedata
from typing import NamedTuple

from components.serve.filter.personal import MaskedSpan
from components.text.bloom import RUN
from components.text.graphemes import graphemes
from components.text.spans import SpanFilter

COPIED_MASK = "[quote]"
"""It holds a word, so that the words around it become no run of their own."""
_WORD = re.compile(r"\w+(?:['’]\w+)*")


class Word(NamedTuple):
    """A word as `text.ngrams.words_of` gives it, and where it stands."""

    text: str
    start: int
    end: int


def places_of_words(text: str) -> list[Word]:
    """The words of `text` and their places in it."""
    if text.isascii():
        return [Word(match[0], *match.span()) for match in _WORD.finditer(text.lower())]
    plain: list[str] = []
    starts: list[int] = []
    at = 0
    for cluster in graphemes(text):  # composing joins nothing across two of them
        letters = unicodedata.normalize("NFC", cluster).casefold()
        plain.append(letters)
        starts += [at] * len(letters)
        at += len(cluster)
    starts.append(at)
    return [_placed(match, starts) for match in _WORD.finditer("".join(plain))]


def _placed(match: re.Match[str], starts: list[int]) -> Word:
    """The place of a word; the cluster that holds its last letter belongs to it whole."""
    last = starts[match.end() - 1]
    end = next((start for start in starts[match.end() :] if start > last), starts[-1])
    return Word(match[0], starts[match.start()], end)


def copied_spans(words: list[Word], spans: SpanFilter) -> list[MaskedSpan]:
    """Where runs of eight words stand that a training post holds."""
    return [
        MaskedSpan(words[at].start, words[at + RUN - 1].end, COPIED_MASK)
        for at in range(len(words) - RUN + 1)
        if [word.text for word in words[at : at + RUN]] in spans
    ]
