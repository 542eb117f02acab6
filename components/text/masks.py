"""Patterns of what is not prose in a post, and the masks that stand in for it."""

import re

from components.text.phones import mask_phones

MENTION = re.compile(r"(?<![A-Za-z0-9_@])[@＠][A-Za-z0-9_]{1,20}(?![A-Za-z0-9_@])")
"""A handle with its @: up to 15 characters today, up to 20 in old accounts."""

HASHTAG = re.compile(r"(?<![\w&])[#＃](?=\w*[^\W\d])\w+")
"""A hashtag: word characters of any script, not all of them digits (`#1` is a number)."""

EMAIL = re.compile(
    r"(?<![\w.%+@-])[\w.%+-]{1,64}(?:@|\s?[(\[]at[)\]]\s?)[\w-]{1,63}"
    r"(?:(?:\.|\s?[(\[]dot[)\]]\s?)[A-Za-z][\w-]{1,62})+(?!\w)",
    re.IGNORECASE,
)
"""An e-mail address, also one spelled `name [at] host [dot] org`."""

_MAY_HOLD_EMAIL = re.compile(r"@|at[)\]]", re.IGNORECASE)

# RFC 3986 without brackets and quotes, which more often surround a link than belong to it. Marks
# that end sentences belong to it only within. Brackets belong to it when a path opens them, as
# encyclopedias do: /wiki/Fox_(animal).
_IN_LINK = r"(?:[A-Za-z0-9_~/#$%+=@&*-]|[.,:;!?]+(?=[A-Za-z0-9_~/#$%+=@&*-])|(?<=[/_])\([^\s()]*\))"
_SHORTENERS = (
    "amzn.to bit.ly bitly.com buff.ly cnn.it dld.bz dlvr.it eepurl.com fb.me flic.kr goo.gl "
    "htl.li ht.ly huff.to ift.tt instagr.am is.gd j.mp lnkd.in migre.me nyti.ms on.fb.me ow.ly "
    "paper.li po.st shar.es su.pr t.co tcrn.ch tinyurl.com tl.gd tmblr.co tr.im trib.al "
    "twitpic.com wapo.st wp.me yfrog.com youtu.be"
)
LINK = re.compile(
    r"https?://t\.co/[A-Za-z0-9]{1,10}"  # X's own: ten characters, so words beside it stay
    rf"|https?://{_IN_LINK}*"
    r"|pic\.(?:twitter|x)\.com/[A-Za-z0-9]{1,10}"
    r"|(?<![\w@./-])(?:www\.(?=[a-z0-9-]+\.)|(?:"
    + "|".join(map(re.escape, _SHORTENERS.split()))
    + rf")/){_IN_LINK}+",
    re.IGNORECASE,
)
"""A link, with a scheme or in one of the forms that old clients wrote without."""

EMAIL_MASK = "[email]"
PHONE_MASK = "[phone]"
USER_MASK = "@user"
TAG_MASK = "#tag"
LINK_MASK = "[link]"


def may_hold_link(text: str) -> bool:
    """Whether it is worth looking for links in `text`."""
    return "/" in text or "www." in text.lower()


def mask_personal(text: str) -> tuple[str, int, int]:
    """Put neutral words where e-mail addresses and phone numbers stand.

    Returns the text, how many addresses and how many numbers were masked.
    """
    emails = phones = 0
    while True:  # again, as masking one may bare another that was glued to it
        new_emails = new_phones = 0
        if _MAY_HOLD_EMAIL.search(text):
            text, new_emails = EMAIL.subn(EMAIL_MASK, text)
        text, new_phones = mask_phones(text, PHONE_MASK)
        if not new_emails + new_phones:
            return text, emails, phones
        emails += new_emails
        phones += new_phones


def mask_entities(text: str) -> str:
    """Put one word each for links, mentions and hashtags, so that style is left and topics go."""
    if may_hold_link(text):
        text = LINK.sub(LINK_MASK, text)
    return HASHTAG.sub(TAG_MASK, MENTION.sub(USER_MASK, text))


def without_entities(text: str) -> str:
    """The text without its links, mentions and hashtags: the prose alone."""
    if may_hold_link(text):
        text = LINK.sub(" ", text)
    if "@" in text or "＠" in text:
        text = MENTION.sub(" ", text)
    if "#" in text or "＃" in text:
        text = HASHTAG.sub(" ", text)
    return text
