"""What reading a source gives, and what was passed over on the way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from components.contracts.errors import BadInputError


@dataclass(frozen=True)
class Picture:
    """The author's picture."""

    name: str
    """`picture` with the suffix that its bytes ask for."""
    data: bytes


@dataclass(frozen=True)
class Collected:
    """What a source says beside its posts, which go to the spool."""

    author: str
    names: tuple[str, ...] = ()
    """All that the source calls the author, where that is more than one name."""
    account_id: str | None = None
    account_ids: tuple[str, ...] = ()
    """Of a table, all accounts that the author's rows name."""
    display_name: str | None = None
    picture: Picture | None = None
    sha256: str | None = None
    """The digest of what a server answered; None of a file until it is hashed."""
    terms: str | None = None
    complete: bool = False
    """Whether the source holds all that its author has not deleted."""
    encoding: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: dict[str, str | int] = field(default_factory=dict)

    @property
    def handles(self) -> tuple[str, ...]:
        """All names that an opt-out may be listed under."""
        return (self.author, *self.names)

    @property
    def accounts(self) -> tuple[str, ...]:
        """All accounts that an opt-out may be listed under."""
        return self.account_ids or ((self.account_id,) if self.account_id else ())

    def saying(self, notes: Mapping[str, str | int], warnings: Sequence[str] = ()) -> Self:
        """The same with further notes and warnings."""
        return replace(self, notes={**self.notes, **notes}, warnings=(*self.warnings, *warnings))


class Tally:
    """How often something came, by what it was, and where each came first."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def add(self, what: str, where: str) -> None:
        """Count one; `where` is kept for the first of each."""
        self.counts[what] += 1
        self.first.setdefault(what, where)


class Skips(Tally):
    """Counts what cannot be read, by reason; a few are reported, too many are refused."""

    def __init__(self, source: str, what: str) -> None:
        super().__init__()
        self._source, self._what = source, what

    @property
    def total(self) -> int:
        """How many were passed over."""
        return self.counts.total()

    def refuse_too_many(self, kept: int) -> None:
        """Refuse a source of which more than half cannot be read.

        Raises:
            BadInputError: it is so; the message names the commonest reason and its first place.
        """
        if self.total > kept:
            reason, _ = self.counts.most_common(1)[0]
            raise BadInputError(
                f"{self._source}: {self.total} of {kept + self.total} {self._what} cannot be read, "
                f"most for {reason} (first: {self.first[reason]}); check the file and its columns"
            )

    def warnings(self) -> tuple[str, ...]:
        """A sentence for each reason, commonest first."""
        return tuple(
            f"{self._what} left out for {reason}: {count:,} (first: {self.first[reason]})"
            for reason, count in self.counts.most_common()
        )
