"""The text of one sample as it comes: token ids to characters, what may be shown, where it ends."""

from collections.abc import Sequence
from functools import lru_cache

from components.lm.engine.protocol import FinishReason
from components.lm.tokenizer import Tokenizer
from components.text.graphemes import settled, trim_to_whole

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


class TextFlow:
    """Text that is never taken back: no half word, no half emoji, nothing of a stop string."""

    def __init__(self, stop: Sequence[str]) -> None:
        """Watch for the strings `stop`; empty ones are never found."""
        self._stop = [word for word in stop if word]
        self._longest_stop = max(map(len, self._stop), default=0)
        self.text = ""
        """Everything so far; once ended, the whole text."""
        self.shown = 0
        """How many code points of it were given."""

    def add(self, piece: str) -> bool:
        """Take more text; whether a stop string is in it now, before which the text then ends."""
        before = len(self.text)
        self.text += piece
        if not (piece and self._stop):
            return False
        start = max(0, before - self._longest_stop + 1)
        found = [at for word in self._stop if (at := self.text.find(word, start)) >= 0]
        if found:
            self.text = self.text[: min(found)]
        return bool(found)

    def show(self) -> str:
        """What may be shown now and was not yet."""
        return self._give(min(len(settled(self.text)), self._held_from()))

    def end(self, reason: FinishReason) -> str:
        """The rest of the text; its last word goes if the limit may have cut it."""
        if reason == "length":
            self.text = trim_to_whole(self.text)
        return self._give(len(self.text))

    def _held_from(self) -> int:
        """Where the longest end of the text begins that a stop string begins with."""
        size = len(self.text)
        for at in range(max(0, size - self._longest_stop + 1), size):
            if any(word.startswith(self.text[at:]) for word in self._stop):
                return at
        return size

    def _give(self, until: int) -> str:
        new = self.text[self.shown : until]
        self.shown = max(self.shown, until)
        return new
