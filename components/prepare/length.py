"""Whether a text is too short to say anything, in any script."""

from itertools import islice

import regex

from components.text.graphemes import count_graphemes
from components.text.masks import without_entities
from components.text.scripts import UNSPACED, has_unspaced

FEWEST_WORDS = 3
"""As in the classic rules: fewer words than these are short, links, mentions and tags left out."""
FEWEST_GRAPHEMES = 5
"""The same for scripts without blanks, where words have one and a half to two graphemes."""

_SAYS_SOMETHING = regex.compile(r"[\p{L}\p{N}\p{Extended_Pictographic}\U0001f1e6-\U0001f1ff]")
_UNSPACED_RUN = regex.compile(rf"[{UNSPACED}][{UNSPACED}\p{{M}}\u200c\u200d]*")
_INVISIBLE = "\u00ad\u034f\u180e\u200b\u200c\u200d\u2060\ufe0e\ufe0f"


def is_empty(text: str) -> bool:
    """Whether a reader sees nothing."""
    return not text.strip() or not text.strip(_INVISIBLE + " \n")


def is_short(text: str) -> bool:
    """Whether a text has less than three words, or less than five graphemes of unspaced script.

    A text of both kinds is measured by the sum of its shares of the two: a word and four ideographs
    are 1/3 + 4/5 and long enough.
    """
    prose = without_entities(text)
    unspaced = 0
    if has_unspaced(prose):
        unspaced = sum(map(count_graphemes, _UNSPACED_RUN.findall(prose)))
        prose = _UNSPACED_RUN.sub(" ", prose)
    words = sum(1 for _ in islice(filter(_SAYS_SOMETHING.search, prose.split()), FEWEST_WORDS))
    return words * FEWEST_GRAPHEMES + unspaced * FEWEST_WORDS < FEWEST_WORDS * FEWEST_GRAPHEMES
