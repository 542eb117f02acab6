"""Wrong decodings: those that can be undone, and those that cannot."""

import re
import unicodedata

import ftfy

# What a Mac's spreadsheet makes of punctuation: UTF-8 taken for cp1252 and saved as Mac Roman, the
# result once more taken for cp1252. ftfy knows one round. "_" stands for what Mac Roman lacks; of
# the characters that end so, only the ellipsis is common.
_SPREADSHEET = {
    "‰Ûª": "’",
    "‰Û÷": "‘",
    "‰ÛÏ": "“",
    "‰Ûù": "”",
    "‰ÛÒ": "–",
    "‰ÛÓ": "—",
    "‰Û¢": "•",
    "‰Û_": "…",
    "â€ù": "”",
    "â€_": "…",
}
# Texts of these alone need no repair, which is slow: ASCII, usual punctuation, East Asia, emoji.
_SOUND = re.compile(r"[\x00-\x7f‘’“”–—…•\u2600-\U0010ffff]*")
_GARBLED = re.compile("|".join(_SPREADSHEET))
# U+FFFD, and what no language writes: the first bytes of dashes, arrows, signs and emoji, read as
# cp1252 or as above.
_LOST = re.compile(
    r"\ufffd|â(?:€|˜|œ|š|ù|¬|†|_)|ï¸|ðŸ|Ÿ[‡“”‘’˜¤_èœ]|‰(?:Û|Ï|Â|ö|\xa0Õ)|Ì[±Á]|[ÃÙ]_|ÄŸ|Åç|ôè"
)


def undo_wrong_decoding(text: str) -> str:
    """Give back the characters that a wrong decoding garbled, where these can be told for sure.

    Of what ftfy can do only its fixes of encodings are used: it leaves style, such as curly quotes
    and full-width letters, as it is. The result is in Unicode's composed form (NFC).
    """
    if text.isascii():
        return text
    text = _GARBLED.sub(lambda match: _SPREADSHEET[match[0]], text)
    if not _SOUND.fullmatch(text):
        text = ftfy.fix_encoding(text)
    return unicodedata.normalize("NFC", text)


def is_lost(text: str) -> bool:
    """Whether characters of `text`, wrong decodings undone, are lost for good."""
    return not text.isascii() and _LOST.search(text) is not None
