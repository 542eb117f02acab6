"""Writing for a list of requests and nobody else: what evaluate and `huggingtweets generate` do.

It is the server's own loop, in the caller's thread: all requests are there before the first step,
so the same requests share the same batches every time.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.lm.engine.engine import make_job
from components.lm.engine.job import Job
from components.lm.engine.load import load_parts
from components.lm.engine.protocol import Done, EngineSettings, Event, FinishReason, Request
from components.lm.engine.queue import WaitingJobs
from components.lm.engine.rows import Rows
from components.lm.engine.scheduler import Scheduler


@dataclass(frozen=True)
class Written:
    """One sample."""

    text: str
    """What the model wrote, the prompt left out."""
    finish_reason: FinishReason
    """`length` where the limit cut it."""


class Writer:
    """A loaded model that writes for one caller."""

    def __init__(self, folder: Path, settings: EngineSettings) -> None:
        """Load the model in `folder`.

        Raises:
            BadInputError: the folder holds no such model.
        """
        self._decoder, self._tokenizer, _ = load_parts(folder, settings)
        self._settings = settings

    def write(
        self, requests: Sequence[Request], finished: Callable[[int], None] = lambda samples: None
    ) -> list[list[Written]]:
        """The samples of each request; `finished` is told how many more are done.

        Raises:
            BadInputError: a prompt is too long, or a value out of range; nothing is written then.
            GenerationFailed: the model failed.
        """
        rows = Rows(self._decoder, self._settings.slots, self._settings.cache_bytes)
        jobs = [make_job(request, self._tokenizer, rows.longest) for request in requests]
        waiting = WaitingJobs(len(jobs), rows.most)
        answers = [_Answer(job, finished) for job in jobs]
        for job in jobs:
            waiting.put(job)
        waiting.close(math.inf)
        Scheduler(self._decoder, rows, waiting).run()
        return [answer.samples() for answer in answers]


class _Answer:
    """Gathers the events of one job."""

    def __init__(self, job: Job, finished: Callable[[int], None]) -> None:
        self._texts = [""] * job.request.n
        self._reasons: dict[int, FinishReason] = {}
        self._finished = finished
        self._error: BaseException | None = None
        job.stream.listen(self._take)

    def samples(self) -> list[Written]:
        if self._error is not None:
            raise self._error
        return [Written(text, self._reasons[index]) for index, text in enumerate(self._texts)]

    def _take(self, news: Event | Done) -> None:
        if isinstance(news, Done):
            self._error = news.error
            return
        self._texts[news.index] += news.text
        if news.finish_reason is not None:
            self._reasons[news.index] = news.finish_reason
            self._finished(1)
