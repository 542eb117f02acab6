"""What a person can choose about a collection."""

import re
from typing import Literal, Self

from pydantic import field_validator, model_validator

from components.contracts.artifacts import check_persona
from components.contracts.reports import Consent
from components.runtime.flags import StageConfig

Format = Literal["x-csv", "trump-archive", "twint", "snscrape", "538", "rtweet", "plain"]

FIELDS = ("id", "text", "created_at", "author", "account_id", "reply_to", "lang", "source")
"""What a table's columns can be read as."""


class CollectConfig(StageConfig):
    """One author's posts from one source, and the basis on which they are used."""

    archive: str | None = None
    """The zip that X gives its users: a path, or a gs:// or s3:// URI."""
    table: str | None = None
    """A table of posts (CSV, JSON lines or a JSON array): a path, or a gs:// or s3:// URI."""
    format: Format | None = None
    """How the table's columns are named; found out if left out."""
    author: str | None = None
    """Whose posts to take from a table of several authors; the name of one that states none."""
    columns: tuple[str, ...] = ()
    """Which column holds what, as text=body,created_at=when; wins over the format."""
    exclude_circle_window: bool = False
    """Leave out an archive's posts from August 2022 to November 2023, when some were private."""
    consent: Consent
    """The basis on which these posts are used."""
    registry: str | None = None
    """The registry whose opt-out list is asked before anything is written."""

    @field_validator("columns")
    @classmethod
    def _split_columns(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        pairs = tuple(pair.strip() for word in given for pair in word.split(",") if pair.strip())
        for pair in pairs:
            field, equals, column = pair.partition("=")
            if field not in FIELDS or not equals or not column:
                raise ValueError(
                    f"{pair!r} is not field=column with a field among {', '.join(FIELDS)}"
                )
        return pairs

    @field_validator("author")
    @classmethod
    def _safe_handle(cls, given: str | None) -> str | None:
        return None if given is None else check_persona(handle_of(given))

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.archive is None) == (self.table is None) or "" in (self.archive, self.table):
            raise ValueError("give one source of posts: either --archive FILE or --table FILE")
        if self.archive is not None and (self.format or self.columns):
            raise ValueError(
                "--format and --columns describe a table; leave them out for an archive"
            )
        if self.table is not None and self.exclude_circle_window:
            raise ValueError("--exclude-circle-window is for archives; leave it out for a table")
        return self

    @property
    def place(self) -> str:
        """Where the source is: a path or a URI."""
        return self.archive or self.table or ""


def handle_of(stated: str) -> str:
    """A stated author as a handle: without the @, with `_` for white space."""
    return re.sub(r"\s+", "_", stated.strip().removeprefix("@"))
