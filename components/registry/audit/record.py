"""The two entries of one action: before it, and after it."""

import logging
import uuid
from types import TracebackType
from typing import Self

from components.contracts.audit import Detail, Stage
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.registry.audit.log import AuditLog
from components.runtime.errors import one_line

log = logging.getLogger(__name__)


class Record:
    """An action as the audit log tells of it.

    The first entry is written right before anything changes: where the log cannot be written,
    nothing changes, and nothing changes that the log does not know of. The second one says how it
    ended. It may be missing (the process was killed, the store went away): then the log does not
    say that the action happened, nor that it did not; the documents do, by the action's `id`.
    """

    def __init__(
        self,
        log: AuditLog,
        action: str,
        *,
        persona: str | None = None,
        version: int | None = None,
        details: dict[str, Detail] | None = None,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.version = version
        """Which version it is about: set it once that is known."""
        self._log, self._action, self._persona = log, action, persona
        self._details = dict(details or {})
        self._begun = False

    def begin(self, version: int | None = None) -> None:
        """Write the first entry, unless it is written; with the version that is meant, if given.

        Raises:
            StorageError: it cannot be written: leave the action undone.
        """
        if not self._begun:
            self.version = self.version if version is None else version
            self._write("begun")
            self._begun = True

    def add(self, **details: Detail) -> None:
        """Say more in the entry to come: no secrets and no names of people."""
        self._details.update(details)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._begun:  # nothing changed
            return
        if error is not None:
            self.add(why=_why(error))
        try:
            self._write("failed" if error is not None else "done")
        except BadInputError as unwritten:
            log.warning("the audit log does not say how %s ended: %s", self._action, unwritten)

    def _write(self, stage: Stage) -> None:
        self._log.append(
            action=self._action,
            stage=stage,
            id=self.id,
            persona=self._persona,
            version=self.version,
            details=self._details,
        )


def _why(error: BaseException) -> str:
    """Our own sentences as they are; of others the kind alone: they may quote anything."""
    return one_line(str(error)) if isinstance(error, HuggingtweetsError) else type(error).__name__
