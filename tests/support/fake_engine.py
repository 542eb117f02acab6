"""An engine that writes what a test wants, at the pace that it wants, and needs no torch."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from components.lm.engine.protocol import (
    DeadlineExceeded,
    Done,
    EngineClosed,
    EngineSettings,
    Event,
    GenerationFailed,
    Load,
    LoadFacts,
    PromptTooLong,
    QueueFull,
    Request,
    TokenLogprob,
)

Write = Callable[[str, int, int], Sequence[str]]
"""The tokens of a sample, given the prompt, its index and the seed."""
MEMORY = 1000
ADAPTER_MEMORY = 100


def plain(prompt: str, index: int, seed: int) -> Sequence[str]:
    """` sample 0 of seed 7, and so on.`"""
    return [" sample", f" {index}", " of", f" seed {seed}", ",", " and", " so", " on", "."]


class FakeStream:
    def __init__(self, engine: "FakeEngine", request: Request) -> None:
        self._engine, self._request = engine, request
        self._cancelled = threading.Event()
        self.queue_seconds: float | None = None
        self.prompt_tokens = 1 + len(request.prompt.split())

    def listen(self, callback: Callable[[Event | Done], None]) -> None:
        threading.Thread(target=self._write, args=(callback,), daemon=True).start()

    def __iter__(self) -> Iterator[Event]:
        said: list[Event | Done] = []
        self._write(said.append)
        for one in said:
            if isinstance(one, Done):
                if one.error:
                    raise one.error
                return
            yield one

    def cancel(self) -> None:
        self._cancelled.set()

    def _write(self, callback: Callable[[Event | Done], None]) -> None:
        engine = self._engine
        try:
            engine.gate.wait()
            self.queue_seconds = 0.001
            for event in self._events():
                if self._cancelled.is_set():
                    break
                if engine.closed.is_set():
                    callback(Done(EngineClosed("the engine was closed")))
                    return
                if self._request.deadline and time.monotonic() > self._request.deadline:
                    callback(Done(DeadlineExceeded("the deadline passed")))
                    return
                callback(event)
                engine.drawn += 1
                time.sleep(engine.delay)
            callback(Done(engine.fails_with))
        finally:
            with engine.lock:
                engine.running -= 1

    def _events(self) -> Iterator[Event]:
        sampling, n = self._request.sampling, self._request.n
        texts = [
            list(self._engine.write(self._request.prompt, index, sampling.seed))
            for index in range(n)
        ]
        if sampling.echo:
            for index in range(n):
                ends = sampling.max_tokens == 0
                yield Event(
                    index, self._request.prompt, "length" if ends else None, 0,
                    _logprobs(self._request.prompt.split(" "), 0, sampling.logprobs),
                )  # fmt: skip
            if sampling.max_tokens == 0:
                return
        offsets = [len(self._request.prompt) if sampling.echo else 0] * n
        for at in range(max(map(len, texts))):
            for index, tokens in enumerate(texts):
                if at < len(tokens):
                    last = at + 1 in (len(tokens), sampling.max_tokens)
                    if at >= sampling.max_tokens:
                        continue
                    reason = None if not last else "stop" if at + 1 == len(tokens) else "length"
                    found = _logprobs([tokens[at]], offsets[index], sampling.logprobs)
                    offsets[index] += len(tokens[at])
                    yield Event(index, tokens[at], reason, 1, found)


def _logprobs(tokens: Sequence[str], offset: int, wanted: int | None) -> tuple[TokenLogprob, ...]:
    if wanted is None:
        return ()
    found = []
    for token in tokens:
        found.append(TokenLogprob(token, -0.5, ((token, -0.5), ("other", -1.5))[:wanted], offset))
        offset += len(token)
    return tuple(found)


class FakeEngine:
    """See `Engine`. Its public attributes are for tests to set and read."""

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        self.folder, self.settings = folder, settings
        self.write: Write = plain
        self.delay = 0.0
        self.gate = threading.Event()
        self.gate.set()
        self.fails_with: GenerationFailed | None = None
        self.closed = threading.Event()
        self.running, self.drawn = 0, 0
        self.lock = threading.Lock()
        self.max_positions = 1000
        self.adapted: list[FakeEngine] = []
        self.facts = LoadFacts("fp32", "a fake", MEMORY, settings.slots or 32, ("not timed",))

    @property
    def load(self) -> Load:
        return Load(self.running, 0, self.settings.job_queue_size - self.running)

    def prompt_tokens(self, prompt: str) -> int:
        return 1 + len(prompt.split())

    def text_of(self, ids: Sequence[int]) -> str:
        return " ".join(f"token{one}" for one in ids)

    def submit(self, request: Request) -> FakeStream:
        if self.closed.is_set():
            raise EngineClosed("the engine is closed")
        if self.prompt_tokens(request.prompt) + request.sampling.max_tokens > self.max_positions:
            raise PromptTooLong("the prompt is too long")
        with self.lock:
            if self.running >= self.settings.job_queue_size:
                raise QueueFull("too many requests wait")
            self.running += 1
        return FakeStream(self, request)

    def adapt(self, folder: Path) -> "FakeEngine":
        adapted = FakeEngine(folder, self.settings)
        adapted.facts = replace(adapted.facts, memory_bytes=ADAPTER_MEMORY)
        self.adapted.append(adapted)
        return adapted

    def close(self, drain_seconds: float = 0.0) -> None:
        assert all(engine.closed.is_set() for engine in self.adapted), "it has adapters"
        self.closed.set()


class FakeEngines:
    """Makes fake engines, and knows them by the folder of their model."""

    def __init__(self) -> None:
        self.made: list[FakeEngine] = []
        self.prepare: Callable[[FakeEngine], None] = lambda engine: None
        self.error: Exception | None = None

    def __call__(self, folder: Path, settings: EngineSettings) -> FakeEngine:
        if self.error:
            raise self.error
        engine = FakeEngine(folder, settings)
        self.prepare(engine)
        self.made.append(engine)
        return engine

    @property
    def last(self) -> FakeEngine:
        """The engine that was made last."""
        return self.made[-1]

    @property
    def open(self) -> list[FakeEngine]:
        """Those that are not closed."""
        return [engine for engine in self.made if not engine.closed.is_set()]
