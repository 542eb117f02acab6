"""The `default` preset: one post's text, cleaned."""

import html
import re
from collections.abc import Sequence

from components.contracts.posts import Post
from components.prepare.classic import begins_as_retweet
from components.prepare.encoding import is_lost, undo_wrong_decoding
from components.prepare.length import is_empty, is_short
from components.prepare.links import HOLE, remove_links
from components.prepare.manual_retweets import cut_manual_retweets
from components.prepare.posts import Cleaned, Drop
from components.prepare.quoted_lines import cut_quoted_lines
from components.prepare.special_tokens import break_special_tokens
from components.text.masks import mask_personal

# Controls other than tab and line breaks, bidirectional controls, the byte order mark, interlinear
# annotation, surrogates. U+200C, U+200D and U+FE0F stay: scripts and emoji are built with them.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
    "\ufff9-\ufffb\ud800-\udfff]"
)
_MENTION_CHAIN = re.compile(
    r"^(?:[@＠]+[A-Za-z0-9_]{1,20}(?:[:,]?(?:\s+|$)|(?=[^\x00-\x7f’…])))+(?:[-–—:,]+\s+)?"
)
_EMPTY_LINES = re.compile(r"\n{3,}")
_CUT_OFF = "…"


def clean_default(post: Post, *, replies_are_marked: bool, keep_newlines: bool) -> Cleaned | Drop:
    """Clean one post; a `Drop` says why it is left out.

    Args:
        post: the post as its source gave it.
        replies_are_marked: whether the source says which posts are replies. Where it does, leading
            mentions are cut from these alone. Where it does not, they are cut from every post that
            starts with them: by X's own convention such a post is a reply, and a model that learns
            to start with handles addresses strangers.
        keep_newlines: keep line breaks; else they become blanks.
    """
    if begins_as_retweet(post.text):
        return Drop.RETWEET
    text = undo_wrong_decoding(html.unescape(post.text))
    text, trimmed = _own_words(_UNWANTED.sub("", "\n".join(text.splitlines())))
    if is_lost(text):
        return Drop.DAMAGED
    is_whole = text.endswith(HOLE)  # what was cut off, if anything, was somebody else's
    if not replies_are_marked or post.kind == "reply" or post.reply_to is not None:
        text = _MENTION_CHAIN.sub("", text.lstrip(), count=1)
    text, is_cut = _without_links(_space(text, keep_newlines), post.urls, keep_newlines)
    if is_cut:
        trimmed, is_whole = (*dict.fromkeys((*trimmed, Drop.MANUAL_RETWEET)),), True
    text, emails, phones = mask_personal(text)
    if text.endswith(_CUT_OFF) and not is_whole:
        return Drop.TRUNCATED
    if is_short(text):
        return trimmed[-1] if trimmed else Drop.EMPTY if is_empty(text) else Drop.SHORT
    return Cleaned(break_special_tokens(text), emails, phones, trimmed)


def _own_words(text: str) -> tuple[str, tuple[Drop, ...]]:
    """The text without other people's words, and what of these stood in it."""
    unquoted = cut_quoted_lines(text)
    own = cut_manual_retweets(unquoted)
    if own is text:
        return text, ()
    cuts = {Drop.QUOTED_LINES: unquoted is not text, Drop.MANUAL_RETWEET: own is not unquoted}
    return own, tuple(drop for drop, was_cut in cuts.items() if was_cut)


def _without_links(text: str, urls: Sequence[str], keep_newlines: bool) -> tuple[str, bool]:
    """The spaced text without links, and without what is seen to be somebody else's once these are
    gone (`LINK"@ann …`); whether there was any."""
    is_cut = False
    while (bare := remove_links(text, urls)) != text:
        bare = _space(bare, keep_newlines)
        text = cut_manual_retweets(bare, may_be_via=False)
        if text is bare:
            break
        is_cut = True
    return text, is_cut


def _space(text: str, keep_newlines: bool) -> str:
    """Make runs of white space one blank each, or one or two line breaks where these are kept."""
    if not keep_newlines:
        return " ".join(text.split())
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()
