"""Adding entries to the audit log, however many write at once.

The number of an entry decides who comes next: it is created where there is none, so of many
writers one gets it, and the others follow on it. The head is moved after that, forward only, by
whoever gets to it: a writer who was killed in between holds nobody up, since the next one meets the
entry and follows on it. An entry costs three requests (two where the same process wrote the one
before), and two more for each writer who was faster.
"""

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from components.contracts.audit import AuditEntry, AuditHead
from components.registry.audit.actor import actor_of
from components.registry.documents import DamagedError, as_bytes, parse_document
from components.registry.layout import AUDIT_ENTRIES, AUDIT_HEAD, audit_key
from components.storage import ConflictError, ObjectMissingError, Store
from components.storage.retry import attempts


class AuditLog:
    """The end of the log, where entries are added; its calls may come from several threads."""

    def __init__(self, store: Store, actor: str | None = None) -> None:
        self._store, self._actor = store, actor
        self._known: tuple[AuditHead, str] | None = None

    def append(self, **fields: Any) -> AuditEntry:
        """Add an entry of these fields of `AuditEntry`; number, digest, time and actor are ours.

        Raises:
            BadInputError: the actor's name cannot stand in a log.
            DamagedError: the head is lost or is not one.
            StorageError: the store cannot be used.
        """
        actor = self._actor or actor_of(os.environ)
        head, token = self._known or self._head()
        while True:
            entry = AuditEntry(
                number=head.count + 1,
                previous=head.sha256,
                at=datetime.now(UTC),
                actor=actor,
                **fields,
            )
            data = as_bytes(entry)
            try:
                self._store.create(audit_key(entry.number), data)
            except ConflictError:  # somebody was faster: follow on that
                head, token = self._further(head)
                continue
            self._move_head(AuditHead(count=entry.number, sha256=digest(data)), token)
            return entry

    def _further(self, head: AuditHead) -> tuple[AuditHead, str]:
        """Where the log goes on after `head`; the head itself may not have moved there yet."""
        now, token = self._head()
        if now.count > head.count:
            return now, token
        data = self._store.get(audit_key(head.count + 1)).data
        return AuditHead(count=head.count + 1, sha256=digest(data)), token

    def _move_head(self, head: AuditHead, token: str) -> None:
        """Move the head to `head`, unless it is there or further on.

        Where others keep it from that, the entry stands all the same, and they move it for us.
        """
        for _ in attempts():
            with suppress(ConflictError):
                self._known = head, self._store.swap(AUDIT_HEAD, as_bytes(head), token)
                return
            self._known = now, token = self._head()
            if now.count >= head.count:
                return

    def _head(self) -> tuple[AuditHead, str]:
        """The head and its version in the store; it is begun where there is no log yet."""
        with suppress(ObjectMissingError):
            return self._read_head()
        if not any(True for _ in self._store.list(AUDIT_ENTRIES)):
            with suppress(ConflictError):
                self._store.create(AUDIT_HEAD, as_bytes(AuditHead()))
        try:
            return self._read_head()
        except ObjectMissingError as error:
            raise DamagedError(
                f"{AUDIT_HEAD} in {self._store.uri} is missing, and there are entries of the audit "
                "log: see `huggingtweets registry audit`, and put it back"
            ) from error

    def _read_head(self) -> tuple[AuditHead, str]:
        content = self._store.get(AUDIT_HEAD)
        where = f"{AUDIT_HEAD} in {self._store.uri}"
        return parse_document(content.data, AuditHead, where), content.version


def digest(data: bytes) -> str:
    """The SHA-256 of an entry's bytes, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
