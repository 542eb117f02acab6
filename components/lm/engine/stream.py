"""What the engine says about one request, from its thread to whoever asked."""

import threading
from collections import deque
from collections.abc import Callable, Iterator

from components.lm.engine.protocol import Done, Event

Listener = Callable[[Event | Done], None]


class EventStream:
    """A `Stream`; the engine's thread puts, another one takes."""

    def __init__(self, prompt_tokens: int) -> None:
        """A stream that nothing was said in yet."""
        self.prompt_tokens = prompt_tokens
        self.queue_seconds: float | None = None
        self.cancelled = False
        self._said: deque[Event | Done] = deque()
        self._listener: Listener | None = None
        self._changed = threading.Condition()

    def put(self, news: Event | Done) -> None:
        """Say something; never after `Done`."""
        with self._changed:
            if self._listener is None:
                self._said.append(news)
                self._changed.notify()
                return
            self._listener(news)

    def __iter__(self) -> Iterator[Event]:
        """Wait for each event, then for the next, as `Stream` says."""
        while True:
            with self._changed:
                while not self._said:
                    self._changed.wait()
                news = self._said.popleft()
            if isinstance(news, Event):
                yield news
                continue
            if news.error is not None:
                raise news.error
            return

    def listen(self, callback: Listener) -> None:
        """Call `callback` for everything, what was said already first, as `Stream` says."""
        with self._changed:
            for news in self._said:
                callback(news)
            self._said.clear()
            self._listener = callback

    def cancel(self) -> None:
        """Stop writing at the next step."""
        self.cancelled = True
