"""The documents of the registry's audit log."""

from typing import Literal

from pydantic import NonNegativeInt, PositiveInt

from components.contracts.base import Report, Timestamp

Detail = str | int | float | bool | tuple[str, ...] | None
Stage = Literal["begun", "done", "failed"]


class AuditEntry(Report):
    """`<registry>/.audit/entries/<number>.json`: never changed, never removed.

    An action has two: one before it, one after it. So there is no action without an entry; one
    whose second entry is missing was cut short or goes on, and whether it changed anything, the
    documents that it was about tell: they carry its `id` (a move of an alias as `id`, a manifest as
    `upload`).
    """

    number: PositiveInt
    """From 1, without gaps."""
    previous: str
    """The SHA-256 of the entry before, as its bytes stand in the store; empty in the first one."""
    at: Timestamp
    """By the clock of who wrote it."""
    actor: str
    """Who did it: the operator's name, a pod's service account, or user and machine."""
    action: str
    """What was done: `promote`, `rollback`, `undo`, `withdraw`, `publish`, `gc`, `opt-out`,
    `opt-in`, `push`, `forget`."""
    stage: Stage
    """`begun` before the action; `done` after it, or `failed` where it ended with an error."""
    id: str
    """The same in both entries of an action, and in no others."""
    persona: str | None = None
    version: int | None = None
    """Which version it is about: the one that is meant; in the second entry the one that it was."""
    details: dict[str, Detail] = {}
    """What else is worth knowing; no secrets, and no names of people: nothing is ever removed."""


class AuditHead(Report):
    """`<registry>/.audit/head.json`: how far the log goes, so that a cut end is noticed.

    Moved by compare-and-swap, after the entry: it lags behind by what was written this moment.
    """

    count: NonNegativeInt = 0
    """How many entries there are at least."""
    sha256: str = ""
    """That of the last of them, as its bytes stand in the store; empty where there is none."""
