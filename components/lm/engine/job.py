"""One request inside the engine."""

import time
from collections import deque
from typing import Any

from torch import Tensor

from components.contracts.errors import HuggingtweetsError
from components.lm.decoding.protocol import Adapter, Chunk
from components.lm.engine.logprobs import PromptLogprobs
from components.lm.engine.protocol import DeadlineExceeded, Done, Request
from components.lm.engine.sample import RunningSample
from components.lm.engine.stream import EventStream
from components.lm.tokenizer import Tokenizer


class Job:
    """A request, what was read of its prompt, and its samples."""

    def __init__(
        self,
        request: Request,
        ids: list[int],
        tokenizer: Tokenizer,
        adapter: Adapter | None = None,
    ) -> None:
        """A job that waits; `ids` are the prompt's, the start token first."""
        self.request, self.ids, self.adapter = request, ids, adapter
        self.stream = EventStream(len(ids))
        self.read = 0
        """Tokens of the prompt that were read."""
        self.saved: Any = None
        """Their KV cache, while a sample still needs it."""
        self.left = request.n
        """Samples that are not finished."""
        self.samples = [
            RunningSample(i, request.sampling, tokenizer, ids) for i in range(request.n)
        ]
        self.parked: deque[RunningSample] = deque()
        """Samples with a first token that wait for a row."""
        self._came = time.monotonic()
        self.over = False
        """Whether its stream has ended."""
        self._given_up: Done | None = None
        echo = request.sampling.echo and request.sampling.logprobs is not None
        self._logprobs = (
            PromptLogprobs(tokenizer, ids, request.sampling.logprobs or 0) if echo else None
        )

    @property
    def positions(self) -> int:
        """Positions that a row for it must have."""
        return len(self.ids) + self.request.sampling.max_tokens

    def begin(self) -> None:
        """It leaves the queue."""
        if self.stream.queue_seconds is None:
            self.stream.queue_seconds = time.monotonic() - self._came

    def next_chunk(self, budget: int) -> Chunk:
        """The next tokens of the prompt to read, `budget` at most."""
        ids = self.ids[self.read : self.read + budget]
        return Chunk(self.read, ids, all_logits=self._logprobs is not None)

    def took(self, chunk: Chunk, logits: Tensor) -> bool:
        """Note that `chunk` was read, with its `logits`; whether the prompt is done."""
        self.read += len(chunk.ids)
        if self._logprobs is not None:
            self._logprobs.read(logits)
        return self.read == len(self.ids)

    def echo(self) -> None:
        """Say the prompt for every sample, if asked to."""
        if not self.request.sampling.echo:
            return
        found = self._logprobs.found if self._logprobs else ()
        for sample in self.samples:
            self.stream.put(sample.echo(self.request.prompt, found))
            self._count(sample)

    def add(self, sample: RunningSample, token: int, logits: Tensor) -> None:
        """Give a sample its next token, and say what that brings."""
        event = sample.add(token, logits)
        if event is not None:
            self.stream.put(event)
        self._count(sample)

    def end(self, done: Done) -> None:
        """Say the last thing; only the first time."""
        if not self.over:
            self.over = True
            self.stream.put(done)

    def give_up(self, error: HuggingtweetsError) -> None:
        """Have it end with this error at the next step; from any thread."""
        self._given_up = Done(error)

    def ended(self, now: float) -> Done | None:
        """Why it is to end early: it was cancelled or given up, or its deadline passed."""
        if self.stream.cancelled:
            return Done()
        if self._given_up is not None:
            return self._given_up
        deadline = self.request.deadline
        if deadline is not None and now >= deadline:
            return Done(DeadlineExceeded("the deadline passed before the answer was written"))
        return None

    def _count(self, sample: RunningSample) -> None:
        if sample.finished:
            self.left -= 1
            if not self.left:
                self.end(Done())
