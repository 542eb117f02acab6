"""The fonts of the picture: Noto, from Python packages, so that every machine draws the same."""

import functools
import logging
import unicodedata
from importlib.resources import files
from pathlib import Path

import regex
import typst
import uharfbuzz

from components.text.graphemes import graphemes

log = logging.getLogger(__name__)

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
LATIN, EMOJI, SYMBOLS, CJK = "Noto Sans", "Noto Emoji", "Noto Sans Symbols", "Noto Sans CJK"
HAN = {"ja": "JP", "ko": "KR"}
"""The shapes of Han characters by language; those of China for every other."""
UNKNOWN = "\ufffd"
"""Stands where no font has a letter."""
_NO_GLYPH_NEEDED = regex.compile(r"[\s\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}]")


@functools.cache
def font_files() -> tuple[Path, ...]:
    """Every font file of the packages, upright ones."""
    folders = [Path(str(files(package))) for package in PACKAGES]
    found = (file for folder in folders for file in sorted(folder.glob("*.[ot]t[cf]")))
    return tuple(file for file in found if "Italic" not in file.name)


@functools.cache
def fonts() -> typst.Fonts:
    """The same for Typst, and no font of the machine."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(file.parent) for file in font_files()],
    )


def families(language: str) -> list[str]:
    """The families in the order in which a letter is looked for, for posts in this language."""
    han = f"{CJK} {HAN.get(language, 'SC')}"
    last = (EMOJI, han, SYMBOLS)
    scripts = [name for name in fonts().families() if not name.startswith(CJK) and name not in last]
    return [LATIN, *(name for name in scripts if name != LATIN), *last]


def missing_characters(text: str) -> set[str]:
    """The characters of `text` that no font has a glyph for."""
    return {one for one in set(text) if ord(one) not in _covered() and _needs_glyph(one)}


def drawable(text: str) -> str:
    """The text with a plainer letter where no font has one, as 𝓽 has t; with � where none has.

    What has none is named in a warning.
    """
    lost: set[str] = set()
    shown = "".join(_shown(letter, lost) for letter in graphemes(text))
    if lost:
        named = ", ".join(f"U+{ord(one):04X}" for one in sorted(lost))
        log.warning("no font of the preview has %s; � stands there instead", named)
    return shown


def _shown(letter: str, lost: set[str]) -> str:
    if not missing_characters(letter):
        return letter
    plainer = unicodedata.normalize("NFKC", letter)
    missing = missing_characters(plainer)
    lost |= missing
    return UNKNOWN if missing else plainer


@functools.cache
def _covered() -> frozenset[int]:
    faces = (uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(file))) for file in font_files())
    return frozenset(code for face in faces for code in face.unicodes)


def _needs_glyph(character: str) -> bool:
    return _NO_GLYPH_NEEDED.fullmatch(character) is None
