"""One loaded model behind the protocol: checks requests, counts, and runs the loop's thread."""

import logging
import math
import threading
from collections.abc import Sequence
from pathlib import Path

from components.contracts.errors import BadInputError
from components.lm.decoding.protocol import Adapter, Decoder
from components.lm.engine.adapted import AdaptedEngine
from components.lm.engine.job import Job
from components.lm.engine.protocol import (
    EngineSettings,
    Load,
    LoadFacts,
    PromptTooLong,
    Request,
    Sampling,
    fits_context,
)
from components.lm.engine.queue import WaitingJobs
from components.lm.engine.rows import Rows
from components.lm.engine.scheduler import Scheduler
from components.lm.engine.stream import EventStream
from components.lm.tokenizer import Tokenizer

log = logging.getLogger(__name__)

MOST_LOGPROBS = 5


class TorchEngine:
    """An `Engine` over a `Decoder`, in a thread of its own."""

    def __init__(
        self, decoder: Decoder, tokenizer: Tokenizer, settings: EngineSettings, facts: LoadFacts
    ) -> None:
        """Start the thread; `facts` say what was loaded."""
        self.facts = facts
        self._decoder, self._tokenizer = decoder, tokenizer
        self._rows = Rows(decoder, settings.slots, settings.cache_bytes)
        self.max_positions = self._rows.longest
        self._waiting = WaitingJobs(settings.job_queue_size, self._rows.most)
        scheduler = Scheduler(decoder, self._rows, self._waiting)
        self._thread = threading.Thread(target=scheduler.run, name="engine", daemon=True)
        self._thread.start()

    @property
    def load(self) -> Load:
        """How busy it is now."""
        waiting = len(self._waiting)
        capacity = max(0, self._waiting.size - waiting)
        return Load(len(self._rows.slots), waiting, capacity)

    def prompt_tokens(self, prompt: str) -> int:
        """How many tokens `prompt` has, the start token among them."""
        return len(prompt_ids(self._tokenizer, Request(prompt)))

    def text_of(self, ids: Sequence[int]) -> str:
        """The text of a prompt that came as tokens, as `Engine.text_of` says."""
        check_length(len(ids), 0, self.max_positions)
        most = self._tokenizer.vocabulary - 1
        for one in ids:
            if not 0 <= one <= most:
                raise BadInputError(
                    f"the prompt's token {one} is not one of the model's, 0 to {most}"
                )
        return self._tokenizer.decode(ids)

    def submit(self, request: Request) -> EventStream:
        """Take a request, as `Engine.submit` says."""
        return self.begin(request).stream

    def begin(self, request: Request, adapter: Adapter | None = None) -> Job:
        """Take a request that is written with `adapter`; raises as `submit` does."""
        job = make_job(request, self._tokenizer, self.max_positions, adapter)
        self._waiting.put(job)
        return job

    def adapt(self, folder: Path) -> AdaptedEngine:
        """The same model with the adapter in `folder`, as `Engine.adapt` says."""
        return AdaptedEngine(self, self._decoder.load_adapter(folder))

    def close(self, drain_seconds: float = 0.0) -> None:
        """Finish within `drain_seconds`, then end the rest, as `Engine.close` says."""
        self._waiting.close(drain_seconds)
        self._thread.join()


def make_job(
    request: Request, tokenizer: Tokenizer, context: int, adapter: Adapter | None = None
) -> Job:
    """The job that writes for a request, with a model whose context length is `context` tokens.

    Raises:
        PromptTooLong: the prompt and the new tokens are longer than that.
        BadInputError: a value is out of range; the message names it.
    """
    check_request(request)
    ids = prompt_ids(tokenizer, request)
    check_length(len(ids), request.sampling.max_tokens, context)
    return Job(request, ids, tokenizer, adapter)


def check_length(prompt: int, new: int, context: int) -> None:
    """Refuse more tokens than fit the context.

    Raises:
        PromptTooLong: they are more.
    """
    tokens = prompt + new
    if not fits_context(tokens, context):
        raise PromptTooLong(
            f"the prompt has {prompt} tokens, {tokens} with the new ones, longer than the model's "
            f"context length of {context} tokens; shorten it or ask for fewer"
        )


def prompt_ids(tokenizer: Tokenizer, request: Request) -> list[int]:
    """The prompt's tokens behind one start token, which may have come with them."""
    start = tokenizer.start_token_id
    ids = tokenizer.encode(request.prompt) if request.ids is None else [*request.ids]
    return ids if request.ids is not None and ids[:1] == [start] else [start, *ids]


def check_request(request: Request) -> None:
    """Refuse values out of range.

    Raises:
        BadInputError: one is; the message names it.
    """
    sampling = request.sampling
    if request.n < 1:
        raise BadInputError(f"n is {request.n}; it must be 1 or more")
    if sampling.max_tokens < (0 if sampling.echo else 1):
        raise BadInputError(f"max_tokens is {sampling.max_tokens}; it must be 1 or more")
    if sampling.seed < 0:
        raise BadInputError(f"the seed is {sampling.seed}; it must be 0 or more")
    if sampling.logprobs is not None and not 0 <= sampling.logprobs <= MOST_LOGPROBS:
        raise BadInputError(f"logprobs is {sampling.logprobs}; it must be 0 to {MOST_LOGPROBS}")
    _check_drawing(sampling)


def _check_drawing(sampling: Sampling) -> None:
    if not (math.isfinite(sampling.temperature) and sampling.temperature >= 0):
        raise BadInputError(f"the temperature is {sampling.temperature}; it must be 0 or more")
    if not 0 < sampling.top_p <= 1:
        raise BadInputError(f"top_p is {sampling.top_p}; it must be above 0 and at most 1")
