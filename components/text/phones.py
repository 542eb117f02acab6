"""Phone numbers in a text, told apart from the years, prices and ids that look like them."""

import re
from functools import partial

import phonenumbers

# A number counts as a phone number only in a form that people write phone numbers in, and only if
# the numbering plan of a country that uses the form has it (`is_valid_number`).
Regions = tuple[str | None, ...]
"""Countries by ISO 3166; None where the number itself names its country."""

_NOT_WITHIN = r"(?<![\w$€£¥#%.,/+-])"
_END = r"(?![\w/%]|[.,-]\d)"
_SEPARATOR = r"[ \t.\-/]{0,2}"
_WITH_ZERO = ("GB", "FR", "DE", "IT", "JP", "AU", "NL", "CH", "AT", "BE", "IN", "TR", "KR", "TW")
_AFTER_A_CALL = ("US", *_WITH_ZERO, "ES", "BR", "MX", "PL", "PT", "SE", "CN")

_FORMS: tuple[tuple[re.Pattern[str], Regions], ...] = (
    # +44 20 7946 0958: the plan follows from the country code
    (re.compile(rf"(?<!\+)\+\d(?:[ \t.\-/]{{0,2}}\(?\d\)?){{6,14}}{_END}"), (None,)),
    # (650) 253-0000, 650-253-0000, 1-650-253-0000
    (
        re.compile(
            rf"{_NOT_WITHIN}(?:1[-. ])?(?:\(\d{{3}}\) ?|\d{{3}}[-. ])\d{{3}}[-. ]\d{{4}}{_END}"
        ),
        ("US",),
    ),
    # 01 23 45 67 89, (020) 7946 0958, 0612345678: a trunk zero, then nine or ten digits
    (re.compile(rf"{_NOT_WITHIN}\(?0\d{{0,4}}\)?(?:{_SEPARATOR}\d){{5,10}}{_END}"), _WITH_ZERO),
    # (11) 91234-5678
    (re.compile(rf"{_NOT_WITHIN}\(\d\d\) ?9?\d{{4}}[- ]\d{{4}}{_END}"), ("BR",)),
    # call 6502530000: digits alone, where the words say what they are
    (
        re.compile(
            r"(?i:(?<=\bcall )|(?<=\bcall: )|(?<=\btext )|(?<=\btel )|(?<=\btel: )|(?<=\bphone )"
            r"|(?<=\bphone: )|(?<=\bwhatsapp )|(?<=\bwhatsapp: )|(?<=\bcall me at )|(?<=\bsms ))"
            rf"\d(?:{_SEPARATOR}\d){{7,11}}{_END}"
        ),
        _AFTER_A_CALL,
    ),
)
_SEVEN_DIGITS = re.compile(r"\d(?:[ \t().\-/]{0,3}\d){6}")
_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}")
_BITS = frozenset("01")
_COVERED = "\0"
"""Stands, as often as it is long, where a number was found: no part of a number or a word."""


def mask_phones(text: str, mask: str) -> tuple[str, int]:
    """Put `mask` where phone numbers stand; returns the text and how many there were."""
    if not _SEVEN_DIGITS.search(text):
        return text, 0
    before = text.count(mask)
    for form, regions in _FORMS:
        text = form.sub(partial(_mask_if_phone, regions, mask), text)
    return text, text.count(mask) - before


def phone_spans(text: str) -> list[tuple[int, int]]:
    """Where phone numbers stand in `text`: the place of each's first character and behind its last.

    They are those that `mask_phones` masks, in no order.
    """
    found: list[tuple[int, int]] = []
    if not _SEVEN_DIGITS.search(text):
        return found
    for form, regions in _FORMS:
        here = [match.span() for match in form.finditer(text) if _is_phone(match[0], regions)]
        for start, end in here:
            text = text[:start] + _COVERED * (end - start) + text[end:]
        found += here
    return found


def _mask_if_phone(regions: Regions, mask: str, match: re.Match[str]) -> str:
    return mask if _is_phone(match[0], regions) else match[0]


def _is_phone(written: str, regions: Regions) -> bool:
    """Whether the numbering plan of one of `regions` has this number."""
    digits = [character for character in written if character.isdigit()]
    if _DATE.fullmatch(written) or _BITS.issuperset(digits):
        return False
    return any(_is_in_plan(written, region) for region in regions)


def _is_in_plan(written: str, region: str | None) -> bool:
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)
