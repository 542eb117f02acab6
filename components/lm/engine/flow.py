"""The text of one sample as it comes: what may be shown already, and where it ends."""

from collections.abc import Sequence

from components.lm.engine.protocol import FinishReason
from components.text.graphemes import settled, trim_to_whole


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
