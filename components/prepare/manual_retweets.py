"""Retweets by hand: somebody else's words that an author copied into a post of their own.

Before there was a button, and beside it ever since, people copy a post and set a mark before it
(`RT @ann: …`, `MT @ann: …`, `♻ @ann …`), quotation marks around it (`“@ann: …”`) or a credit behind
it (`… (via @ann)`). What stands before a handle tells. A hat tip (`h/t @ann`) is none of these: it
thanks for an idea, and the words are the author's.
"""

import re
from itertools import chain, islice

from components.prepare.length import is_short
from components.prepare.links import HOLE
from components.text.masks import LINK, without_entities

_BLANK = r"[\s\u200b-\u200d\u2060]"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*+(?:[@＠][A-Za-z0-9.-]++)?"
# Of X, Bluesky or Mastodon; a blank within spares the one who is named a notice. A possessive ("RT
# @ann's poem") marks nothing.
_HANDLE = re.compile(rf"(?<![@＠])[@＠]++(?:{_NAME}(?!['’]s\b)|{_BLANK}{_NAME}(?={_BLANK}?[:：]))")
_COLON = re.compile(r"\s*[:：]")
_DOUBLE_QUOTES = '"“”„‟«»″＂「」『』'
_SINGLE_QUOTES = "'‘’‚‹›"
_QUOTE = f"[{_DOUBLE_QUOTES}{_SINGLE_QUOTES}]"
# "ART @ann" and "heart @ann" hold no mark; "so trueRT @ann" does.
_SMALL_START = r"(?<![0-9A-Za-z_À-ʯͰ-ӿ])"
_CAPITAL_START = "(?<![A-Z_À-ÞΑ-ΩЀ-Я])"
_RETWEET = (
    rf"(?:[#＃]?(?:{_CAPITAL_START}(?:[QPM]?RT|[MQ]T|ＲＴ)|{_SMALL_START}[Rr][Tt])(?![A-Za-z])"
    r"|[♲-♽🔁🔃🔄]\ufe0f?)"
)
# What may be a word of the author's: "Mt @Fuji".
_UNSURE_RETWEET = (
    rf"{_SMALL_START}(?:[MmQq][Tt]|[Rr][Tt]\s*[-–—>]+|[Rr]e-?(?:[Tt]weet|[Pp]ost)(?:ed|ing)?"
    r"|[Qq]uoting)"
)
_LEAD = re.compile(
    rf"""(?P<bracket>(?<![:;=8xX'^-])[(\[]\s*)?(?:
        (?P<quote>(?:(?<!\S)|(?<=[(\[])){_QUOTE}\s*|{_QUOTE})(?:{_RETWEET}(?:{_BLANK}|[:：])*)?
        |(?P<via>{_SMALL_START}[Vv][Ii][Aa]\b(?:{_BLANK}|[:：])*)
        |(?:(?P<retweet>{_RETWEET}(?:{_BLANK}*{_RETWEET})*)|{_UNSURE_RETWEET})
         (?:(?P<colon>[:：])|{_BLANK}|[/|(\[]|{_QUOTE}|\b(?:by|from|via|de|von)\s)*
    )\.?\Z""",
    re.VERBOSE,
)
_REACH = 32
"""How far before a handle one looks."""
# "Thanks for the RT @ann"
_USED_AS_WORD = re.compile(
    r"\b(?:an?|the|my|your|for|to|not|can|will|don['’]t)\s+\Z", re.IGNORECASE
)
# "Photo via @ann", "(graphic via @ann)"
_MAKER_OF_PICTURE = re.compile(
    r"\([^()]*\Z|\b(?:art|chart|gif|graphic|image|link|map|photo|pic|picture|video)s?:?\s+\Z",
    re.IGNORECASE,
)
_REST_OF_CREDIT = re.compile(r"[^()\[\]\n:：]{0,24}[)\]]")
_NO_WORDS_FOLLOW = re.compile(
    r"(?:\s++|[#＃]\w++|(?:and\s++)?[@＠][\w.@-]++|https?://\S++|pic\.\w++\.com/\S++|[^\w\s])*+\Z"
)
_OPENS = re.compile(rf"(?<![^\s(\[—–:]){_QUOTE}(?=\S)")
_MOST_QUOTES = 64
"""More of them are not looked at: who nests so many is playing."""
_DOUBLE_MARK = re.compile(f"[{_DOUBLE_QUOTES}]")
_SINGLE_MARK = re.compile(rf"[{_SINGLE_QUOTES}](?!(?<=\w.)\w)")  # no apostrophe
_WORD = re.compile(r"[^\W_]")
_JOINER = r"(?:/{2,}|\|+|<-+|<{2,}|←|~|•|·)"
_LEADING_JOINERS = re.compile(rf"\A[)\].,;]*(?:\s*(?:{_JOINER}|[-–—:>→]+)(?=\s))*\s*")
_TRAILING_JOINERS = re.compile(rf"(?:(?<!\s)\s++{_JOINER})+\s*\Z")

Part = tuple[int, int]
"""Where a part of a text begins and ends."""


def cut_manual_retweets(text: str, *, may_be_via: bool = True) -> str:
    """Cut what is somebody else's; a `HOLE` stands for it, so that what led there goes with links.

    Of the author's own words before, between and after it, each part stays that is long enough for
    a post: a rest of one or two words says nothing alone. A text without any is returned itself.
    What `via @ann` means depends on links: where they are gone already, it `may_be_via` no more.
    """
    if "@" not in text and "＠" not in text:
        return text
    parts = _parts_of_others(text, may_be_via=may_be_via)
    if not parts:
        return text
    bounds = iter((0, *chain.from_iterable(parts), len(text)))
    own = [text[start:end] for start, end in zip(bounds, bounds, strict=True)]
    kept = ["" if is_short(part) else _tidy(part) for part in own]
    return HOLE.join(filter(None, kept)) + ("" if kept[-1] else HOLE)


def _tidy(part: str) -> str:
    """Own words without the signs that only parted them from somebody else's."""
    return _TRAILING_JOINERS.sub("", _LEADING_JOINERS.sub("", part.strip(" ")))


def _parts_of_others(text: str, *, may_be_via: bool) -> list[Part]:
    """The parts of `text` that are somebody else's, in order, with the marks that say so."""
    parts: list[Part] = []
    place = 0
    while handle := _HANDLE.search(text, place):
        lead = _LEAD.search(text, max(place, handle.start() - _REACH), handle.start())
        place = handle.end()
        if lead and lead["via"] and not may_be_via:
            continue
        if lead and (part := _part_of_other(text, lead, place, is_first=not parts)):
            while parts and parts[-1][0] >= part[0]:
                parts.pop()
            parts.append(part)
            place = part[1]
    return parts


def _part_of_other(text: str, lead: re.Match[str], end: int, *, is_first: bool) -> Part | None:
    """What is somebody else's by the handle that ends at `end` and what leads to it, if anything.

    A credit with nothing to credit before it, as it `is_first`, is one for what follows.
    """
    start = lead.start()
    colon = _COLON.match(text, end)
    if lead["quote"]:
        return _quotation(text, lead, colon.end() if colon else end, has_colon=colon is not None)
    has_colon = colon is not None or lead["colon"] is not None
    may_credit = lead["via"] or not has_colon  # "Title via @paper: LINK"
    if may_credit and (credited := _end_of_credit(text, lead, end)):
        return (0, len(text) if is_first and is_short(text[:start]) else credited)
    if lead["via"]:
        marks = has_colon and not _is_within_sentence(text, start)
    elif lead["retweet"]:
        marks = has_colon or not _stands_before(_USED_AS_WORD, text, start)
    else:
        marks = has_colon
    return (start, len(text)) if marks else None


def _end_of_credit(text: str, lead: re.Match[str], end: int) -> int | None:
    """Where `(via @ann)`, or `via @ann` as the last words, ends: what stands before it is Ann's."""
    if lead["bracket"] and (rest := _REST_OF_CREDIT.match(text, end)):
        return rest.end()
    if not _NO_WORDS_FOLLOW.match(text, end):
        return None
    start = lead.start()
    if lead["via"]:  # a button beside an article writes "Title LINK via @paper"
        own = LINK.search(text, 0, start) or _stands_before(_MAKER_OF_PICTURE, text, start)
    else:
        own = _stands_before(_USED_AS_WORD, text, start)
    return None if own else len(text)


def _quotation(text: str, lead: re.Match[str], begin: int, *, has_colon: bool) -> Part | None:
    """The quotation whose words begin at `begin`, unless it belongs to a sentence of the author's.

    Without a colon ("@ann is great") it must stand where a sentence begins. With one it may stand
    anywhere, but what is said in the middle of a sentence, and too short for a post, is talk that
    the author tells of: `He said "@bob: come here" and left`.
    """
    start = lead.start()
    end = _end_of_quotation(text, lead.start("quote"), begin)
    within_sentence = _is_within_sentence(text, start)
    if has_colon:
        own = within_sentence and _WORD.search(text, end) and is_short(text[begin:end])
    else:
        stands_apart = not (text[:start][-1:] + text[begin : begin + 1]).strip()
        own = within_sentence or not stands_apart
    return None if own else (start, end)


def _end_of_quotation(text: str, opening: int, begin: int) -> int:
    """Where a quotation ends that is open at `begin`: at the end of the text if it is not closed.

    Marks open and close by where they stand, as many are the same on both sides. One that closes
    what was closed before moves the end there: rather an own word lost than another's kept.
    """
    marks = _SINGLE_MARK if text[opening] in _SINGLE_QUOTES else _DOUBLE_MARK
    depth, end = 1, len(text)
    for mark in islice(marks.finditer(text, begin), _MOST_QUOTES):
        if _OPENS.match(text, mark.start()):
            depth += 1
        else:
            if depth == 0 or (depth == 1 and end == len(text)):
                end = mark.end()
            depth = max(0, depth - 1)
    return end


def _stands_before(pattern: re.Pattern[str], text: str, place: int) -> bool:
    return pattern.search(text, max(0, place - 2 * _REACH), place) is not None


def _is_within_sentence(text: str, place: int) -> bool:
    line = text[max(0, place - 2 * _REACH) : place].rpartition("\n")[2]
    before = without_entities(line).rstrip()
    return bool(before) and (before[-1].isalnum() or before[-1] in ",;–—-")
