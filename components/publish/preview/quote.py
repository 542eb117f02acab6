"""Which of a model's posts stands on its picture."""

from collections.abc import Collection, Sequence

from components.contracts.posts import Sample
from components.publish.preview.fonts import missing_characters
from components.publish.preview.letters import visible
from components.text.graphemes import count_graphemes
from components.text.masks import MENTION, mask_personal

LIKED = range(40, 201)
"""Characters that fill the picture in large letters."""


def choose_quote(samples: Sequence[Sample], authors: Collection[str]) -> str | None:
    """The post of `samples`, none of which copies a post, that suits the picture best.

    It names nobody but the `authors` and holds no e-mail address and no phone number, as the
    server's output filter would have it. Of the others one comes first that the fonts can show
    whole, that came to its end, and whose length fills the picture; then the earlier one.
    """
    own = {author.lower() for author in authors}
    posts = [
        (visible(sample.prompt + sample.text), sample.finish_reason != "stop") for sample in samples
    ]
    fine = [(post, cut) for post, cut in posts if post and not _names_somebody(post, own)]
    best = min(fine, key=lambda one: _flaws(*one), default=None)
    return best and best[0] + ("…" if best[1] else "")


def _names_somebody(post: str, own: Collection[str]) -> bool:
    _, emails, phones = mask_personal(post)
    mentions = (found[0][1:].lower() for found in MENTION.finditer(post))
    return bool(emails or phones) or any(handle not in own for handle in mentions)


def _flaws(post: str, cut: bool) -> tuple[int, bool, bool]:
    """What speaks against a post, the worst first."""
    return len(missing_characters(post)), cut, count_graphemes(post) not in LIKED
