"""Posts that fill in a form, as connected apps write them: what repeats with a changing slot."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from components.prepare.posts import CleanPost

FEWEST_REPEATS = 5
"""How often an app's post must begin alike to be its template."""
APP_FRAME_SHARE = 0.1
"""The least share of an app's posts that one such beginning has."""
APP_SHARE = 0.5
"""An app is taken for a writer if at least this share of its posts begin alike, and for the
author's own way of posting, so never for one, if this share of the author's posts come from it."""
FEWEST_LONG_REPEATS = 10
"""How often posts must both begin and end alike to be a template, whatever app posted them."""

Frame = tuple[str, ...]


def template_places(posts: Sequence[CleanPost]) -> set[int]:
    """The positions of one author's posts that fill in a form.

    Two kinds are told: posts of an app that begins most of its posts with the same two words in a
    few ways ("I just …", "New post: …"), and posts of one source, known or not, whose first three
    and last two words are the same again and again ("I just ran … via @app").
    """
    by_source: dict[str | None, list[int]] = defaultdict(list)
    for place, post in enumerate(posts):
        by_source[post.source].append(place)
    found: set[int] = set()
    for source, places in by_source.items():
        words = {place: posts[place].text.casefold().split() for place in places}
        found |= _repeated({p: _ends(w) for p, w in words.items()}, FEWEST_LONG_REPEATS)
        if source is not None and len(places) < APP_SHARE * len(posts):
            least = max(FEWEST_REPEATS, APP_FRAME_SHARE * len(places))
            alike = _repeated({p: tuple(w[:2]) for p, w in words.items()}, least)
            if len(alike) >= APP_SHARE * len(places):
                found |= alike
    return found


def _ends(words: list[str]) -> Frame:
    """The first three and the last two words, if there is a slot between them."""
    return (*words[:3], *words[-2:]) if len(words) > 5 else ()


def _repeated(frames: dict[int, Frame], least: float) -> set[int]:
    """The places whose frame at least `least` places have."""
    counts = Counter(frames.values())
    return {place for place, frame in frames.items() if frame and counts[frame] >= least}
