"""The engine's loop: requests join and leave the running batch at every step."""

import logging
import time
from collections.abc import Sequence

from torch import Tensor

from components.contracts.errors import HuggingtweetsError
from components.lm.decoding.protocol import Chunk, Decoder
from components.lm.engine.job import Job
from components.lm.engine.protocol import Done, EngineClosed, GenerationFailed
from components.lm.engine.queue import WaitingJobs
from components.lm.engine.rows import Rows
from components.lm.engine.sample import RunningSample
from components.lm.engine.threads import release_helpers

log = logging.getLogger(__name__)

TOKENS_BESIDE = 64
"""Tokens of prompts read in one step while others write, so that these are not held up long."""
TOKENS_ALONE = 512


class Scheduler:
    """Everything here happens in the one thread that calls `run`."""

    def __init__(self, decoder: Decoder, rows: Rows, waiting: WaitingJobs) -> None:
        """Write with `decoder` in `rows` for the jobs in `waiting`."""
        self._decoder, self._rows, self._waiting = decoder, rows, waiting
        self._reading: list[tuple[Job, Chunk]] = []  # in the step that runs
        self._half_read: Job | None = None
        self._parking: Job | None = None

    def run(self) -> None:
        """Write until the queue is closed and its jobs are done, or late."""
        while True:
            if not self._busy():
                release_helpers()
                self._waiting.wait()
                if self._waiting.closed and not len(self._waiting):
                    return
            if self._waiting.late:
                self._end_all(EngineClosed("the model was unloaded before the answer was done"))
                return
            self._step_safely()

    def _step_safely(self) -> None:
        try:
            self._step()
        except Exception:
            log.exception("a step of the engine failed; the requests in it end")
            error = GenerationFailed("the model failed while it wrote; try again")
            if not self._running():
                self._waiting.end_first(error)
            self._end_running(error)

    def _busy(self) -> bool:
        return bool(self._rows.slots or self._half_read or self._parking)

    def _step(self) -> None:
        """Admit, read and write one token a row, release."""
        self._end_early(time.monotonic())
        self._admit_parked()
        self._prefill()
        slots = list(self._rows.slots)
        if not (slots or self._reading):
            return
        tokens = [slot.sample.tokens[-1] for slot in slots]
        positions = [slot.length for slot in slots]
        adapters = [job.adapter for job in (*(slot.job for slot in slots), *self._begun())]
        chunks = [chunk for _, chunk in self._reading]
        logits = self._decoder.step(tokens, positions, chunks, adapters)
        self._add([(slot.job, slot.sample) for slot in slots], logits[: len(slots)])
        self._keep_read(len(slots))
        self._release_finished()
        self._begin_read(logits[len(slots) :])

    def _end_early(self, now: float) -> None:
        """Let go of the jobs that were cancelled or are late."""
        self._waiting.end_early(now)
        for job in self._running():
            done = job.ended(now)
            if done is not None:
                self._drop(job, done)

    def _running(self) -> list[Job]:
        """The jobs that have left the queue and are not done, each once."""
        jobs = [slot.job for slot in self._rows.slots]
        jobs += self._begun()
        jobs += [job for job in (self._half_read, self._parking) if job is not None]
        return list(dict.fromkeys(jobs))

    def _drop(self, job: Job, done: Done) -> None:
        for row in reversed(range(len(self._rows.slots))):
            if self._rows.slots[row].job is job:
                self._rows.release(row)
        self._reading = [pair for pair in self._reading if pair[0] is not job]
        if self._half_read is job:
            self._half_read = None
        if self._parking is job:
            self._parking = None
        job.end(done)

    def _admit_parked(self) -> None:
        """Give rows that became free to the samples that wait for one."""
        job = self._parking
        if job is not None:
            self._admit(job)

    def _admit(self, job: Job) -> None:
        """Give rows to the parked samples of a job, as far as there are any."""
        free = self._rows.capacity - len(self._rows.slots)
        samples = [job.parked.popleft() for _ in range(min(free, len(job.parked)))]
        if samples:
            self._rows.admit(job, samples, job.saved)
        self._parking = job if job.parked else None
        if not job.parked:
            job.saved = None

    def _prefill(self) -> None:
        """Choose the prompts, or pieces of them, to read in this step, first come first."""
        budget = TOKENS_BESIDE if self._rows.slots else TOKENS_ALONE
        taken = len(self._rows.slots)
        while budget > 0 and self._parking is None:
            job = self._half_read or self._waiting.first()
            if job is None or not self._rows.make_room(taken, job, self._begun()):
                break
            if job is not self._half_read:
                self._waiting.pop()
                job.begin()
            chunk = job.next_chunk(budget)
            self._reading.append((job, chunk))
            if job.read:
                row = len(self._rows.slots) + len(self._reading) - 1
                self._decoder.load(row, row + 1, job.saved)
            taken += job.request.n
            budget -= len(chunk.ids)
            self._half_read = None

    def _begun(self) -> list[Job]:
        return [job for job, _ in self._reading]

    def _keep_read(self, first: int) -> None:
        """Keep what was read of prompts apart, before rows change places."""
        for row, (job, chunk) in enumerate(self._reading, first):
            job.saved = self._decoder.save(row, chunk.start + len(chunk.ids))

    def _begin_read(self, logits: Tensor) -> None:
        """Begin the samples of the prompts that are done; one may be half read."""
        first = 0
        for job, chunk in self._reading:
            end = first + (len(chunk.ids) if chunk.all_logits else 1)
            if job.took(chunk, logits[first:end]):
                self._begin(job, logits[end - 1])
            else:
                self._half_read = job
            first = end
        self._reading = []

    def _begin(self, job: Job, logits: Tensor) -> None:
        """Draw the first tokens of a job's samples from the logits after its prompt."""
        job.echo()
        samples = [sample for sample in job.samples if not sample.finished]
        if samples:
            self._add([(job, sample) for sample in samples], logits.expand(len(samples), -1))
        job.parked.extend(sample for sample in samples if not sample.finished)
        self._admit(job)

    def _add(self, writing: Sequence[tuple[Job, RunningSample]], logits: Tensor) -> None:
        """Draw a token for each sample from its row of `logits`."""
        if not writing:
            return
        samples = [sample for _, sample in writing]
        drawn = self._decoder.choose(
            logits,
            [sample.sampling.temperature for sample in samples],
            [sample.sampling.top_p for sample in samples],
            [sample.draws() for sample in samples],
        )
        for (job, sample), token, own in zip(writing, drawn, logits, strict=True):
            job.add(sample, token, own)

    def _release_finished(self) -> None:
        for row in reversed(range(len(self._rows.slots))):
            if self._rows.slots[row].sample.finished:
                self._rows.release(row)

    def _end_running(self, error: HuggingtweetsError) -> None:
        for job in self._running():
            self._drop(job, Done(error))

    def _end_all(self, error: HuggingtweetsError) -> None:
        self._end_running(error)
        self._waiting.end_all(error)
