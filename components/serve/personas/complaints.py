"""Troubles that last: said at once, and again now and then while they do."""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable

log = logging.getLogger(__name__)

AGAIN = 60.0
"""Seconds after which a trouble that lasts is said again."""


class Complaints:
    """What there is to complain of, by what it is about."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[str, dict[str, float]] = defaultdict(dict)

    def say(self, about: str, sentence: str) -> None:
        """Warn, unless this very sentence was said within the last minute."""
        now, said = self._clock(), self._said[about]
        if now - said.get(sentence, -math.inf) >= AGAIN:
            log.warning("%s", sentence)
            said[sentence] = now

    def settle(self, about: str) -> None:
        """Say that it is over, if there was anything."""
        if self._said.pop(about, None):
            log.info("%s can be read again", about)
