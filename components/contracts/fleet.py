"""A fleet: personas that are made from one list, and what became of each."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from components.contracts.artifacts import check_persona
from components.contracts.base import Contract, Report, Timestamp
from components.contracts.errors import BadInputError
from components.contracts.reports import Consent

State = Literal["running", "published", "failed"]


class FleetLine(Contract):
    """A line of the manifest, which is JSON lines: one persona.

    `{"persona": "ann", "consent": "own-archive", "sources": [{"archive": "s3://…/ann.zip"}],
    "options": {"epochs": 2}}`
    """

    persona: str
    sources: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    """Each with flags of collect: `{"table": "gs://…/posts.csv", "author": "ann"}`."""
    consent: Consent | None = None
    """On which basis the posts of all sources are used that do not say it themselves."""
    options: Mapping[str, Any] = {}
    """Flags of fetch, prepare, train and evaluate, and `no_gate`."""


class Listed(Contract):
    """A persona of a fleet."""

    persona: str
    line_sha256: str
    """The digest of what its line says: another one is another order."""


class FleetList(Report):
    """`registry/.fleets/<fleet>/fleet.json`: who belongs to the fleet."""

    fleet: str
    manifest: str
    """Where the list was read."""
    manifest_sha256: str
    shards: int
    items: tuple[Listed, ...]
    """In the order of the manifest."""


class FleetItem(Report):
    """`registry/.fleets/<fleet>/items/<persona>.json`: what came of one persona so far."""

    persona: str
    line_sha256: str
    state: State
    worker: str
    """The random name of the worker that wrote this last."""
    starts: int = 1
    """How many workers have begun it: all but the last were killed at it."""
    tries: int = 0
    """How often the last worker tried it to its end."""
    version: int | None = None
    """What was published."""
    problem: str | None = None
    """Why it failed, in a sentence."""
    began: Timestamp
    """When the first worker began it."""
    ended: Timestamp | None = None


def check_fleet(name: str) -> str:
    """Return `name` if it can name a fleet: what can name a persona can.

    Raises:
        BadInputError: it cannot.
    """
    try:
        return check_persona(name)
    except BadInputError as error:
        raise BadInputError(str(error).replace("a persona", "a fleet")) from error
