"""One request's samples, from the engine through the filter to whichever dialect asked."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

from components.contracts.errors import HuggingtweetsError
from components.lm.engine.protocol import (
    Done,
    Event,
    FinishReason,
    Request,
    Sampling,
    Stream,
    TokenLogprob,
)
from components.serve.filter.outlet import Outlet
from components.serve.metrics import Metrics, RequestRecord
from components.serve.personas.manager import Held, ModelManager
from components.serve.personas.model import Model
from components.serve.problems import problem_of
from components.serve.requests.event_queue import EventQueue


@dataclass(frozen=True)
class Ask:
    """What a request wants written, whatever its dialect."""

    prompts: tuple[str | tuple[int, ...], ...]
    """Texts, or the model's tokens."""
    n: int
    """Samples of each prompt."""
    sampling: Sampling


@dataclass(frozen=True)
class SampleDelta:
    """What is new in one sample, as it may be shown."""

    index: int
    """The sample's number: those of the first prompt come first."""
    text: str
    logprobs: tuple[TokenLogprob, ...]
    finish_reason: FinishReason | None


@dataclass(frozen=True)
class FinishedSample:
    """One whole sample, as it may be shown."""

    text: str
    finish_reason: FinishReason
    logprobs: tuple[TokenLogprob, ...]
    tokens: int


PAUSE = 0.03
"""Seconds between two pieces of an answer, at least. The processors that write tokens write them:
one for each of 200 tokens a second took a fifth of these."""

_Item = tuple[int, Event | Done]
"""What the engine said, and of which prompt."""


class GenerationStream:
    """A request that is being written. Whoever gets one must `close` it."""

    def __init__(self, held: Held, ask: Ask, record: RequestRecord) -> None:
        self._held, self._ask = held, ask
        self._events: EventQueue[_Item] = EventQueue()
        self._streams: list[Stream] = []
        self._texts: list[str] = []  # of the prompts
        self._first: list[_Item] = []
        self._outlets: dict[int, Outlet] = {}
        self._record = record
        self.tokens = 0
        """Drawn so far, of all samples."""

    @property
    def model(self) -> Model:
        """The model that writes."""
        return self._held.model

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all prompts."""
        return sum(stream.prompt_tokens for stream in self._streams)

    async def start(self, deadline: float) -> None:
        """Hand the request to the engine and wait for its first token, or for why there is none.

        Raises:
            HuggingtweetsError: the engine refuses, or the deadline passes.
        """
        engine = self._held.loaded.engine
        for number, prompt in enumerate(self._ask.prompts):
            ids = None if isinstance(prompt, str) else prompt
            text = prompt if isinstance(prompt, str) else engine.text_of(prompt)
            self._texts.append(text)
            request = Request(text, self._ask.n, self._ask.sampling, deadline, ids)
            stream = engine.submit(request)
            self._streams.append(stream)
            stream.listen(partial(self._hear, number))
        self._record.submitted()
        self._first = await self._events.take()
        for item in self._first:
            self._is_end(item)

    async def deltas(self, *, only_whole: bool = False) -> AsyncIterator[list[SampleDelta]]:
        """What is new, as it comes, until every sample is finished.

        Args:
            only_whole: give a sample when it is finished, all at once.

        Raises:
            HuggingtweetsError: writing ended early.
        """
        left = len(self._streams)
        items = self._first
        pause = PAUSE if only_whole else 0.0  # what is shown first is not held up
        while True:
            left -= sum(1 for item in items if self._is_end(item))
            if new := self._show(items, only_whole=only_whole):
                yield new
                pause = PAUSE
            if not left:
                self._finish()
                return
            items = await self._events.take(pause)

    async def collect(self) -> list[FinishedSample]:
        """All samples, when they are finished; raises as `deltas` does."""
        whole: dict[int, list[SampleDelta]] = {}
        async for new in self.deltas(only_whole=True):
            for shown in new:
                whole.setdefault(shown.index, []).append(shown)
        return [_joined(whole[index], self._outlets[index].tokens) for index in sorted(whole)]

    def close(self) -> None:
        """Stop what still runs, and let the model go."""
        self._cancel()
        self._record.closed()
        self._held.release()

    def _finish(self) -> None:
        queued = max((stream.queue_seconds or 0.0 for stream in self._streams), default=0.0)
        samples = self._ask.n * len(self._ask.prompts)
        self._record.finished(self.prompt_tokens, self.tokens, samples, queued)

    def _cancel(self) -> None:
        for stream in self._streams:
            stream.cancel()

    def _hear(self, number: int, said: Event | Done) -> None:
        self._events.put((number, said), last=isinstance(said, Done))

    def _is_end(self, item: _Item) -> bool:
        """Whether it is the end of a stream. Raises what ended it early."""
        said = item[1]
        if isinstance(said, Done) and said.error:
            raise said.error
        return isinstance(said, Done)

    def _show(self, items: Sequence[_Item], *, only_whole: bool) -> list[SampleDelta]:
        """What of these may be shown; each sample's new text goes through its filter once."""
        touched: dict[int, Outlet] = {}
        drawn = 0
        for number, said in items:
            if isinstance(said, Event):
                index = number * self._ask.n + said.index
                touched[index] = self._outlet(index)
                touched[index].add(said)
                drawn += said.tokens
        if drawn:
            self.tokens += drawn
            self._record.drawn(drawn, self._held.loaded.engine.load.running)
        shown = [
            SampleDelta(index, *outlet.show(), outlet.finish_reason)
            for index, outlet in touched.items()
            if outlet.finish_reason or not only_whole
        ]
        return [one for one in shown if one.text or one.finish_reason or one.logprobs]

    def _outlet(self, index: int) -> Outlet:
        if index not in self._outlets:
            prompt = self._texts[index // self._ask.n]
            rules = self._held.loaded.output_filter
            self._outlets[index] = Outlet(rules, prompt, echo=self._ask.sampling.echo)
        return self._outlets[index]


def _joined(parts: Sequence[SampleDelta], tokens: int) -> FinishedSample:
    reason = parts[-1].finish_reason
    assert reason is not None
    logprobs = tuple(token for part in parts for token in part.logprobs)
    return FinishedSample("".join(part.text for part in parts), reason, logprobs, tokens)


class TextGenerator:
    """Starts what requests want written."""

    def __init__(self, manager: ModelManager, metrics: Metrics, timeout: float) -> None:
        self._manager, self._metrics, self._timeout = manager, metrics, timeout

    async def start(self, name: str, version: str | None, ask: Ask) -> GenerationStream:
        """A stream whose first token was written. The caller closes it.

        Raises:
            Problem: there is no such model, it cannot be used, or the request cannot be.
        """
        begun = time.monotonic()
        model = self._manager.personas.find(name, version)
        deadline = begun + (model.scaling.response_timeout or self._timeout)
        held = await self._manager.hold(name, version, deadline)
        generation = GenerationStream(held, ask, self._metrics.record(held.model, begun, version))
        try:
            await generation.start(deadline)
        except HuggingtweetsError as error:
            generation.close()
            raise problem_of(error) from error
        except BaseException:
            generation.close()
            raise
        return generation
