"""What the server asks of an engine. Plain Python: whoever imports this needs no torch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from components.contracts.errors import BadInputError, HuggingtweetsError

FinishReason: TypeAlias = Literal["stop", "length"]
Dtype: TypeAlias = Literal["auto", "fp32", "bf16"]


class QueueFull(HuggingtweetsError):  # noqa: N818 - it is what the queue is
    """As many requests wait as may wait; ask again later."""


class PromptTooLong(BadInputError):  # noqa: N818 - it is what the prompt is
    """The prompt and its new tokens are longer than the context, or than there is room for.

    Nothing is ever cut to fit.
    """


def fits_context(tokens: int, context: int) -> bool:
    """Whether a sample of so many tokens fits: the model reads all but the last one."""
    return tokens - 1 <= context


class DeadlineExceeded(HuggingtweetsError):  # noqa: N818 - it is what happened
    """The request's deadline passed before it was done."""


class EngineClosed(HuggingtweetsError):  # noqa: N818 - it is what the engine is
    """The engine takes no more requests, or was closed before this one was done."""


class GenerationFailed(HuggingtweetsError):  # noqa: N818 - it is what happened
    """The model failed while it wrote; the server's log says how."""


@dataclass(frozen=True)
class EngineSettings:
    """How a model is loaded."""

    dtype: Dtype = "auto"
    """The dtype; `auto` takes the fastest that the processor and the model's quality allow."""
    slots: int | None = None
    """Samples written at the same time; more wait. None for all that the cache holds."""
    cache_bytes: int = 1 << 30
    """The most memory that the KV cache of running samples takes; slots shrink to it."""
    job_queue_size: int = 100
    """Requests that may wait beside those that find a slot at once; one more is refused."""
    bits_per_byte: Mapping[str, float] | None = None
    """By dtype, as the version's manifest has them in `formats`: `auto` takes none that is
    more than 1% worse than fp32. Left out, they are measured on a few sentences while loading."""
    choices: Path | None = None
    """A file that keeps the dtypes which `auto` had to time, for later starts."""


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn and when a sample ends."""

    max_tokens: int = 60
    """A sample is cut at this many new tokens, at the end of a word. 0 only with `echo`."""
    temperature: float = 1.0
    """Divides the logits, 0 or more; 0 always takes the most probable token."""
    top_p: float = 0.95
    """Mass of the nucleus that tokens are drawn from, above 0 and at most 1."""
    stop: tuple[str, ...] = ()
    """A sample ends before the first of these that it would hold."""
    seed: int = 0
    """0 or more. A sample depends on this, its index and the position alone."""
    ignore_eos: bool = False
    """Write exactly `max_tokens`, whatever ends a post, and cut nothing; for measurements."""
    logprobs: int | None = None
    """Give every token's log probability and those of this many most probable ones (0 to 5)."""
    echo: bool = False
    """Give the prompt too, as the first event's text, with its log probabilities if asked for."""


@dataclass(frozen=True)
class Request:
    """A prompt, and how many samples that go on with it."""

    prompt: str
    """It may be empty."""
    n: int = 1
    sampling: Sampling = Sampling()
    deadline: float | None = None
    """On the clock of `time.monotonic()`, in seconds."""
    ids: tuple[int, ...] | None = None
    """The prompt's tokens where it came as such; `prompt` is their text, as `text_of` gives it."""


@dataclass(frozen=True)
class TokenLogprob:
    """What the model thought of one token, under temperature 1 and without a nucleus."""

    token: str
    """Its text; bytes that are no text by themselves are written `bytes:\\xf0\\x9f`."""
    logprob: float
    """Natural logarithm. The first token of a prompt has one too: it follows the start token."""
    top: tuple[tuple[str, float], ...]
    """The most probable tokens in its place, best first."""
    offset: int
    """Where it begins in the sample's whole text, in code points; the echoed prompt counts."""


@dataclass(frozen=True)
class Event:
    """What is new in one sample.

    A sample gives any number of events and then one, and only one, with a `finish_reason`. Its
    text is the sum of its events' texts: what came out is never taken back, never ends within a
    character or an emoji, and holds nothing of a stop string or of a word that the limit cut.
    """

    index: int
    """The sample's number, from 0."""
    text: str
    """What is new; it may be empty."""
    finish_reason: FinishReason | None
    """None while more is to come; `length` where the limit ended it."""
    tokens: int
    """How many tokens were drawn since the sample's last event, the end token left out."""
    logprobs: tuple[TokenLogprob, ...] = ()
    """Of the tokens that begin in `text`, if asked for."""


@dataclass(frozen=True)
class Done:
    """The last thing that a stream says."""

    error: HuggingtweetsError | None = None
    """Why it ended early: DeadlineExceeded, EngineClosed, GenerationFailed. None when all is well
    and after `cancel()`."""


class Stream(Protocol):
    """The events of one request, in the order in which they happen; samples take turns."""

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt, the start token among them."""
        ...

    @property
    def queue_seconds(self) -> float | None:
        """How long the request waited for its first slot; None while it waits."""
        ...

    def __iter__(self) -> Iterator[Event]:
        """Wait for each event, then for the next; for use from any thread but an event loop's.

        Raises:
            DeadlineExceeded, EngineClosed, GenerationFailed: as `Done.error` says.
        """
        ...

    def listen(self, callback: Callable[[Event | Done], None]) -> None:
        """Call `callback` for every event, from the first on, and for `Done`, instead of `iter`.

        It is called from the engine's thread (for what already happened: from the caller's), so it
        must return at once: `loop.call_soon_threadsafe(queue.put_nowait, …)`. Call this once.
        """
        ...

    def cancel(self) -> None:
        """Stop writing at the next step; from any thread, any number of times."""
        ...


@dataclass(frozen=True)
class LoadFacts:
    """What a loaded model is and takes."""

    dtype: str
    """The dtype of its weights: `fp32`, `bf16`, with ` + int8 up to N rows` where so."""
    device: str
    memory_bytes: int
    """Weights in all their dtypes, and the KV cache."""
    slots: int
    """Samples that can be written at the same time."""
    lines: tuple[str, ...]
    """What the choice of the dtype rests on, for the log."""


@dataclass(frozen=True)
class Load:
    """How busy an engine is."""

    running: int
    """Samples in a slot."""
    waiting: int
    """Requests in the queue."""
    capacity: int
    """Requests that the queue still takes."""


class Engine(Protocol):
    """One loaded model that writes for many requests at once. Safe to use from any thread."""

    @property
    def facts(self) -> LoadFacts:
        """What is loaded."""
        ...

    @property
    def max_positions(self) -> int:
        """Tokens that a sample may have: its prompt's and its new ones, the last not counted."""
        ...

    @property
    def load(self) -> Load:
        """How busy it is now."""
        ...

    def prompt_tokens(self, prompt: str) -> int:
        """How many tokens `prompt` has, the start token among them."""
        ...

    def text_of(self, ids: Sequence[int]) -> str:
        """The text of a prompt that came as tokens.

        Raises:
            PromptTooLong: there are too many.
            BadInputError: one of them is none of the model's.
        """
        ...

    def submit(self, request: Request) -> Stream:
        """Take a request; it waits until a slot is free.

        Raises:
            PromptTooLong: it does not fit.
            BadInputError: a value is out of range; the message names it.
            QueueFull: too many wait.
            EngineClosed: `close` was called.
        """
        ...

    def adapt(self, folder: Path) -> "Engine":
        """The same model with the low-rank adapter in `folder`, in the same batch.

        To close it leaves this engine as it is; close it first.

        Raises:
            BadInputError: the folder holds no adapter of this model.
        """
        ...

    def close(self, drain_seconds: float = 0.0) -> None:
        """Take nothing new; finish what was taken within `drain_seconds`, then end the rest.

        Returns when the engine's thread is gone and its memory is free. Streams that did not finish
        end with EngineClosed. May be called again.
        """
        ...
