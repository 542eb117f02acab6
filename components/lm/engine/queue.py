"""The requests that wait, from many threads to the engine's one."""

import threading
import time
from collections import deque

from components.contracts.errors import HuggingtweetsError
from components.lm.engine.job import Job
from components.lm.engine.protocol import Done, EngineClosed, QueueFull


class WaitingJobs:
    """A bounded queue that knows when it was closed."""

    def __init__(self, size: int, slots: int) -> None:
        """`size` jobs may wait beside those that find one of `slots` at once."""
        self.size, self._slots = size, slots
        self._jobs: deque[Job] = deque()
        self._taken: list[Job] = []  # and perhaps not done yet
        self._changed = threading.Condition()
        self._closed = False
        self._abort_at = float("inf")

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Add a job.

        Raises:
            QueueFull: too many wait.
            EngineClosed: nothing is taken any more.
        """
        with self._changed:
            if self._closed:
                raise EngineClosed("the model is being unloaded; it takes no more requests")
            self._taken = [other for other in self._taken if not other.over]
            free = self._slots - sum(other.left for other in self._taken)
            waiting = 0
            for other in (*self._jobs, job):
                free -= other.request.n
                waiting += free < 0
            if waiting > self.size:
                raise QueueFull(f"{self.size} requests wait already; try again in a few seconds")
            self._jobs.append(job)
            self._changed.notify()

    def first(self) -> Job | None:
        """The one that came first; it stays."""
        with self._changed:
            return self._jobs[0] if self._jobs else None

    def pop(self) -> None:
        """Take the first one out."""
        with self._changed:
            self._taken.append(self._jobs.popleft())

    def end_first(self, error: HuggingtweetsError) -> None:
        """End the job that came first, if there is one."""
        with self._changed:
            job = self._jobs.popleft() if self._jobs else None
        if job is not None:
            job.end(Done(error))

    def end_early(self, now: float) -> None:
        """Take out those that were cancelled or are late, and say so in their streams."""
        with self._changed:
            ended = [(job, done) for job in self._jobs if (done := job.ended(now))]
            for job, _ in ended:
                self._jobs.remove(job)
        for job, done in ended:
            job.end(done)

    def wait(self) -> None:
        """Return when there is a job or the queue is closed."""
        with self._changed:
            while not (self._jobs or self._closed):
                self._changed.wait()

    def close(self, drain_seconds: float) -> None:
        """Take nothing more; whatever is not done after so many seconds is to end."""
        with self._changed:
            self._closed = True
            self._abort_at = min(self._abort_at, time.monotonic() + drain_seconds)
            self._changed.notify()

    @property
    def closed(self) -> bool:
        """Whether it takes nothing more."""
        return self._closed

    @property
    def late(self) -> bool:
        """Whether the time to finish is over."""
        return time.monotonic() >= self._abort_at

    def end_all(self, error: HuggingtweetsError) -> None:
        """End every job that waits."""
        with self._changed:
            jobs, self._jobs = list(self._jobs), deque()
        for job in jobs:
            job.end(Done(error))
