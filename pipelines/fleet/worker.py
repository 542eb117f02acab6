"""A worker: takes personas one after the other, and writes what came of each into the registry.

A worker may be killed at any moment, and another one goes on where it was: what is published is
skipped, what was begun is done again from what lies in the working folder. The version of a
persona bears the mark of its order, so that none is published twice, whoever was killed when.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from components.contracts.errors import HuggingtweetsError
from components.contracts.fleet import FleetItem
from components.contracts.registry import Manifest
from components.registry.fleets import FleetBook, Stored
from components.runtime.disk import is_disk_full
from components.runtime.progress import progress
from components.storage import ConflictError
from pipelines.fleet.manifest import Entry

log = logging.getLogger(__name__)

MOST_STARTS = 12
"""How many workers may begin a persona: what kills every one of them is given up."""
PAUSE = 5.0
"""Seconds before the second try; twice as many before each further one."""

Make = Callable[[Entry], Manifest]
"""Makes a persona, publishes it and gives its manifest; the same one if it was published before."""


class OvertakenError(HuggingtweetsError):
    """Another worker has taken what this one was at: most likely it was thought dead."""


@dataclass
class Worker:
    """One worker for one fleet."""

    book: FleetBook
    make: Make
    retries: int = 2
    """How often a persona that failed is tried again, unless trying again is no use."""
    retry_failed: bool = False
    """Whether those that failed for good are done again."""
    pause: float = PAUSE
    name: str = field(default_factory=lambda: uuid.uuid4().hex)

    def run(self, entries: Sequence[Entry]) -> Counter[str]:
        """Do what is to be done of these; how many ended in which state.

        Raises:
            OvertakenError: another worker does the same by now.
            StorageError: the registry cannot be used.
        """
        with progress(f"fleet {self.book.fleet}", len(entries)) as advance:
            for entry in sorted(entries, key=self._starts):  # what killed workers comes last
                self._do(entry)
                advance(1, entry.persona)
        ends = [self.book.item(entry.persona) for entry in entries]
        return Counter(stored.item.state if stored else "waiting" for stored in ends)

    def _starts(self, entry: Entry) -> int:
        stored = self.book.item(entry.persona)
        return stored.item.starts if stored and stored.item.state == "running" else 0

    def _do(self, entry: Entry) -> None:
        try:
            taken = self._take(entry)
            if taken is not None:
                ended = self._tried(entry, taken.item)
                self.book.write(ended, taken.token)
        except ConflictError as error:
            raise OvertakenError(
                f"another worker is at {entry.persona} and goes on with the rest; this one ends"
            ) from error

    def _take(self, entry: Entry) -> Stored | None:
        """Write that we begin; None where there is nothing to do."""
        stored = self.book.item(entry.persona)
        before = stored.item if stored and stored.item.line_sha256 == entry.line_sha256 else None
        if before and before.state == "published":
            return None
        if before and before.state == "failed":
            if not self.retry_failed:
                return None
            before = None
        taken = FleetItem(
            persona=entry.persona,
            line_sha256=entry.line_sha256,
            state="running",
            worker=self.name,
            starts=before.starts + 1 if before else 1,
            began=before.began if before else _now(),
        )
        return self.book.write(taken, stored.token if stored else None)

    def _tried(self, entry: Entry, taken: FleetItem) -> FleetItem:
        """What came of it in the end."""
        if taken.starts > MOST_STARTS:
            said = f"{MOST_STARTS} workers were killed at it, most likely for want of memory"
            return _failed(taken, 0, said)
        again = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(self.retries + 1),
            wait=wait_exponential(self.pause),
            reraise=True,
        )
        try:
            version = again(self._made, entry).version
        except Exception as error:  # one that fails does not sink the rest
            if _ends_worker(error):
                raise
            return _failed(taken, _tries(again), _problem(error))
        return _ended(taken, state="published", tries=_tries(again), version=version)

    def _made(self, entry: Entry) -> Manifest:
        try:
            return self.make(entry)
        except HuggingtweetsError as error:
            log.error("%s: %s", entry.persona, error)
            raise
        except Exception as error:
            if not _ends_worker(error):
                log.exception("%s failed by a fault of ours", entry.persona)
            raise


def _ends_worker(error: BaseException) -> bool:
    """Whether the other personas would fail by this, too."""
    return is_disk_full(error) and not isinstance(error, HuggingtweetsError)


def _may_pass(error: BaseException) -> bool:
    """Whether trying again is of use."""
    if isinstance(error, HuggingtweetsError):
        return not error.is_final
    return isinstance(error, Exception) and not _ends_worker(error)


def _tries(again: Retrying) -> int:
    return int(again.statistics["attempt_number"])


def _problem(error: Exception) -> str:
    said = str(error)
    return said if isinstance(error, HuggingtweetsError) else f"{type(error).__name__}: {said}"


def _failed(taken: FleetItem, tries: int, problem: str) -> FleetItem:
    return _ended(taken, state="failed", tries=tries, problem=problem)


def _ended(taken: FleetItem, **facts: object) -> FleetItem:
    return taken.model_copy(update={**facts, "ended": _now()})


def _now() -> datetime:
    return datetime.now(UTC)
