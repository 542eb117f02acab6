"""Token ids to text, one by one, never giving half of a character."""

from collections.abc import Sequence
from functools import lru_cache

from components.lm.tokenizer import Tokenizer

REPLACEMENT = "\ufffd"
CONTEXT = 8
"""Tokens before the first that are decoded with it: some tokenizers drop a leading blank."""


class Detokenizer:
    """Decodes with a few tokens of context, and holds back bytes that are no character yet.

    The window moves as in text-generation-inference's `decode_token`: decoding is never of more
    than a few tokens, however long the text is.
    """

    def __init__(self, tokenizer: Tokenizer, before: Sequence[int]) -> None:
        """Go on after the tokens `before`."""
        self._tokenizer = tokenizer
        self._ids = list(before[-CONTEXT:])
        self._read = len(self._ids)
        self._known = tokenizer.decode(self._ids)

    def add(self, token: int) -> str:
        """The text that is whole with `token`; empty while a character lacks bytes."""
        self._ids.append(token)
        text = self._tokenizer.decode(self._ids)
        whole = text.rstrip(REPLACEMENT)  # bytes that may become a character yet
        if len(whole) <= len(self._known):
            return ""
        new, self._known = whole[len(self._known) :], whole
        if whole == text:
            self._ids = self._ids[self._read :]
            self._read = len(self._ids)
            self._known = self._tokenizer.decode(self._ids)
        return new


def token_text(tokenizer: Tokenizer, token: int) -> str:
    """A token by itself, for people; what is no text alone is written as `bytes:\\xf0\\x9f`."""
    text: str = tokenizer.backend.decode([token], skip_special_tokens=False)
    if REPLACEMENT not in text:
        return text
    piece = tokenizer.backend.id_to_token(token) or ""
    values = [_byte_of().get(letter) for letter in piece]
    if None in values:
        return text
    return "bytes:" + "".join(f"\\x{value:02x}" for value in values)


@lru_cache(maxsize=1)
def _byte_of() -> dict[str, int]:
    """The byte behind each letter of a byte-level vocabulary (GPT-2's `bytes_to_unicode`)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [value for value in range(256) if value not in set(printable)]
    shifted = {chr(256 + number): value for number, value in enumerate(others)}
    return {chr(value): value for value in printable} | shifted
