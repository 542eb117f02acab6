"""A loaded model with one adapter: requests for it share the batch of the model's own engine."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from components.contracts.errors import BadInputError
from components.lm.decoding.protocol import Adapter
from components.lm.engine.job import Job
from components.lm.engine.protocol import EngineClosed, Load, Request
from components.lm.engine.stream import EventStream

if TYPE_CHECKING:
    from components.lm.engine.engine import TorchEngine

PAUSE = 0.005


class AdaptedEngine:
    """The model of another engine with an adapter: an `Engine` that writes in the same batch."""

    def __init__(self, base: "TorchEngine", adapter: Adapter) -> None:
        """`adapter` is of the decoder of `base`."""
        self._base, self._adapter = base, adapter
        self.facts = replace(base.facts, memory_bytes=adapter.bytes, lines=())
        self.max_positions = base.max_positions
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._closed = False

    @property
    def load(self) -> Load:
        """How busy it is now; the queue is the base model's."""
        jobs = self._unfinished()
        waiting = sum(job.stream.queue_seconds is None for job in jobs)
        running = sum(job.left for job in jobs if job.stream.queue_seconds is not None)
        return Load(running, waiting, self._base.load.capacity)

    def prompt_tokens(self, prompt: str) -> int:
        """How many tokens `prompt` has, the start token among them."""
        return self._base.prompt_tokens(prompt)

    def text_of(self, ids: Sequence[int]) -> str:
        """The text of a prompt that came as tokens, as `Engine.text_of` says."""
        return self._base.text_of(ids)

    def submit(self, request: Request) -> EventStream:
        """Take a request, as `Engine.submit` says."""
        with self._lock:
            if self._closed:
                raise EngineClosed("the model is being unloaded; it takes no more requests")
            job = self._base.begin(request, self._adapter)
            self._jobs = [*(other for other in self._jobs if not other.over), job]
        return job.stream

    def adapt(self, folder: Path) -> NoReturn:
        """Refuse: an adapter is added to a model, and not to another adapter."""
        raise BadInputError(f"{folder} holds an adapter of an adapter; give one of a whole model")

    def close(self, drain_seconds: float = 0.0) -> None:
        """Finish within `drain_seconds`, then end the rest; the base model goes on."""
        with self._lock:
            self._closed = True
        until = time.monotonic() + drain_seconds
        while self._unfinished() and time.monotonic() < until:
            time.sleep(PAUSE)
        for job in self._unfinished():
            job.give_up(EngineClosed("the model was unloaded before the answer was done"))
        while self._unfinished():
            time.sleep(PAUSE)

    def _unfinished(self) -> list[Job]:
        with self._lock:
            self._jobs = [job for job in self._jobs if not job.over]
            return self._jobs
