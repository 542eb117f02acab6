"""Finding out how a text file is encoded."""

import codecs
from pathlib import Path
from typing import NamedTuple

from charset_normalizer import from_bytes

_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_LOOKED_AT = 256 << 10
_MOSTLY_BEYOND_ASCII = 0.2
"""The share of bytes beyond ASCII that text of Latin letters stays far below."""
_USUAL = str.maketrans("", "", "éèêëáàâäãåíìîïóòôöõøúùûüçñßæœ’‘“”–—€£°»«")
"""Small letters and marks: read in the wrong one of both, they become capitals and signs."""


class Encoding(NamedTuple):
    """How to open a text file: `open(encoding=name, errors=errors)`."""

    name: str
    errors: str = "strict"


def find_encoding(path: Path) -> Encoding:
    """The first encoding that reads the whole file: UTF-8, UTF-16, UTF-32, cp1252, Mac Roman.

    A file of which nearly all is UTF-8 stays UTF-8, with U+FFFD for what is not. Where much is
    beyond ASCII it is another script, and charset-normalizer says in which encoding. Mac Roman
    reads any bytes; it is what spreadsheets on a Mac write. Where cp1252 does so too, the one
    stands that gives more of the characters that texts hold beyond ASCII, and cp1252 if both do.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name, "replace")
    if wide := _utf16_without_mark(head):
        return Encoding(wide, "replace")
    if _reads_as(path, "utf-8"):
        return Encoding("utf-8")
    broken, sound = _count_utf8(path)
    if broken * 10 <= sound:
        return Encoding("utf-8", "replace")
    if script := _of_other_script(path):
        return Encoding(script, "replace")
    if not _reads_as(path, "cp1252"):
        return Encoding("mac_roman")
    return Encoding(max("cp1252", "mac_roman", key=lambda name: _count_usual(path, name)))


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 by its zero bytes: nearly every second one in text of Latin letters."""
    pairs = len(head) // 2
    for name, zeros, others in (
        ("utf-16-le", head[1::2], head[0::2]),
        ("utf-16-be", head[0::2], head[1::2]),
    ):
        if pairs and zeros.count(0) > 0.7 * pairs and others.count(0) < 0.05 * pairs:
            return name
    return None


def _of_other_script(path: Path) -> str | None:
    """The encoding of text in Cyrillic, Japanese and the like, by its first lines."""
    with path.open("rb") as file:
        sample = file.read(_LOOKED_AT)
    sample = sample[: sample.rfind(b"\n") + 1] or sample  # no half of a character
    beyond = sum(byte > 0x7F for byte in sample)
    if beyond < _MOSTLY_BEYOND_ASCII * len(sample):
        return None
    best = from_bytes(sample).best()
    return best.encoding if best else None


def _count_utf8(path: Path) -> tuple[int, int]:
    """How many characters are not UTF-8, and how many beyond ASCII are."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = sound = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            lost = text.count("\ufffd")
            broken += lost
            sound += sum(not character.isascii() for character in text) - lost
    return broken + len(decoder.decode(b"", final=True)), sound


def _count_usual(path: Path, name: str) -> int:
    """How many characters of the file, read so, are usual ones beyond ASCII."""
    usual = 0
    with path.open(encoding=name) as file:
        while text := file.read(_CHUNK):
            usual += len(text) - len(text.translate(_USUAL))
    return usual


def _reads_as(path: Path, name: str) -> bool:
    try:
        with path.open(encoding=name) as file:
            while file.read(_CHUNK):
                pass
    except UnicodeDecodeError:
        return False
    return True
