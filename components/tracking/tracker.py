"""What a stage tells a tracker, and when there is one."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from components.contracts.base import Report, facts_of
from components.runtime.mounts import uri_of
from components.tracking.backend import Backend, Values

log = logging.getLogger(__name__)


class Tracker:
    """A stage's run in a tracker; without one, and after its first failure, nothing happens.

    A tracker that fails costs a warning, never the stage.
    """

    def __init__(self, backend: Backend | None) -> None:
        """Track with `backend`, if there is one."""
        self._backend = backend
        self._links: dict[str, str] = {}

    def log(self, step: int, values: Values) -> None:
        """Say what was measured at a step, as `{"train/loss": 3.1}`."""
        self._tell(lambda backend: backend.log(values, step))

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Show a table."""
        self._tell(lambda backend: backend.table(name, columns, rows))

    def input(self, kind: str, subject: str, folder: Path) -> None:
        """Say which artifact the stage reads: its type, whose it is, where it lies."""
        self._tell(lambda backend: backend.input(kind, subject, folder))

    def output(
        self,
        kind: str,
        subject: str,
        folder: Path,
        place: Path | str | None = None,
        aliases: Sequence[str] = (),
    ) -> None:
        """Say which artifact the stage writes.

        Args:
            kind: its type, as `train-dataset`.
            subject: whose it is.
            folder: where its files can be read now, for their digests.
            place: the path or the URI where it will lie for good; `folder` if left out.
            aliases: its names in W&B beside `latest`.
        """
        final = uri_of(place or folder)
        link = self._tell(lambda backend: backend.output(kind, subject, folder, final, aliases))
        if link:
            self._links["artifact"] = link

    def summarise(self, report: Report) -> None:
        """Say what came out."""
        facts = facts_of(report.model_dump(mode="json"))
        self._tell(lambda backend: backend.summarise(facts))

    def links(self) -> dict[str, str]:
        """For the stage's report: `url` of the run, `artifact` that it wrote; empty while off."""
        url = self._tell(lambda backend: backend.url())
        return {**({"url": url} if url else {}), **self._links}

    def finish(self, code: int) -> None:
        """End the run."""
        self._tell(lambda backend: backend.finish(code))

    def _tell(self, what: Callable[[Backend], str | None]) -> str | None:
        if self._backend is None:
            return None
        try:
            return what(self._backend)
        except Exception as error:
            log.warning("tracking is off from here on: %s", error)
            self._backend = None
            return None


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether W&B is asked for: by a key, or by WANDB_MODE.

    A login that lies in the home folder is not enough: nobody's posts go to an account by chance.
    """
    mode = environment.get("WANDB_MODE", "")
    if mode in ("disabled", "dryrun"):
        return False
    return mode in ("offline", "online", "shared") or bool(environment.get("WANDB_API_KEY"))


@contextmanager
def tracked(stage: str, subject: str, config: BaseModel) -> Iterator[Tracker]:
    """Track one call of one stage; `subject` is whose posts or which model it is about."""
    tracker = Tracker(_start(stage, subject, config) if is_on(os.environ) else None)
    try:
        yield tracker
    except BaseException:
        tracker.finish(1)
        raise
    tracker.finish(0)


def _start(stage: str, subject: str, config: BaseModel) -> Backend | None:
    try:
        from components.tracking.wandb_backend import WandbBackend  # takes a second to import

        chosen = config.model_dump(mode="json")
        return WandbBackend(stage, subject, chosen, group_of(os.environ))
    except Exception as error:
        log.warning("tracking is off: %s", error)
        return None


def group_of(environment: Mapping[str, str]) -> str | None:
    """The pipeline run that a stage's run belongs to."""
    return environment.get("WANDB_RUN_GROUP") or environment.get("KFP_RUN_ID") or None
