"""Where a text that is still being written may still turn into something that is not shown."""

import re
from collections.abc import Sequence

from components.serve.filter.copied import Word
from components.text.bloom import RUN
from components.text.graphemes import graphemes
from components.text.spans import Beginnings

# Both begin at their leftmost place and reach to the end, so each covers every match that further
# text could make or change: addresses (also `name [at] host [dot] org`) and mentions, numbers.
_NAME = r"[\w.%+@＠-]"
_ADDRESS = re.compile(
    rf"{_NAME}+(?:\s?[(\[](?:a|at|d|do|dot)?[)\]]?\s?{_NAME}*)*\s?\Z", re.IGNORECASE
)
_NUMBER = re.compile(r"[+(\d][+()\d \t.\-/]*,?\Z")
_LONGEST = 400
"""Characters from the end that are looked at; no address or number is longer."""


def settled_until(
    text: str, start: int, words: Sequence[list[Word]], beginnings: Beginnings | None
) -> int:
    """How much of `text` will be shown as it is now shown, whatever comes after it.

    Args:
        text: what was written so far.
        start: how much was settled before; a place between two graphemes.
        words: all words of `text`, for each way to read it in which a run of words is looked for.
        beginnings: how these runs begin; without it any words may.

    Returns: a place in `text`, from `start` on, between two graphemes.
    """
    places = [len(text), _begin(_ADDRESS, text), _begin(_NUMBER, text)]
    places += [_first_of_run(text, one, beginnings) for one in words]
    return _between_graphemes(text, start, max(min(places), start))


def _begin(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.search(text, max(len(text) - _LONGEST, 0))
    return match.start() if match else len(text)


def _first_of_run(text: str, words: list[Word], beginnings: Beginnings | None) -> int:
    """Where the words begin that may be the first of a run that the next words complete.

    The last word may not be whole yet (`can` of `can't`): it may be any, and counts for none.
    """
    if not words:
        return len(text)
    ended = words[-1].end < len(text) and text[words[-1].end :] not in ("'", "’")
    whole = words if ended else words[:-1]
    if beginnings is None:
        held = min(RUN - 1, len(whole))
    else:
        held = beginnings.held([word.text for word in whole[1 - RUN :]])
    return words[len(whole) - held].start if held or not ended else len(text)


def _between_graphemes(text: str, start: int, wanted: int) -> int:
    """The last place between two graphemes from `start` to `wanted`."""
    if text.isascii():
        return wanted
    at = start
    for cluster in graphemes(text[start:]):
        if at + len(cluster) > wanted:
            break
        at += len(cluster)
    return at
