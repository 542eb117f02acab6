"""Which posts a run is given: archives, tables and accounts, with what belongs to each."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from components.contracts.errors import BadInputError
from components.contracts.reports import Consent
from components.runtime.folders import home_path

ACCOUNTS = ("handle", "bluesky", "mastodon")
"""The flags that name an account."""
KINDS = ("archive", "table", *ACCOUNTS)
"""The flags that name a source, in the order in which sources are read."""


class AppendSource(argparse.Action):
    """Appends a source to its list as "append" does, and its kind to `source_kinds`, so that the
    n-th `--consent` finds the n-th source as they stand in the command."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Take one more source."""
        for name, value in ((self.dest, values), ("source_kinds", self.dest)):
            setattr(namespace, name, [*getattr(namespace, name, []), value])


@dataclass(frozen=True)
class Source:
    """Posts of one author: an archive, a table or an account; and the basis of their use."""

    consent: Consent
    archive: str | None = None
    table: str | None = None
    author: str | None = None
    format: str | None = None
    columns: tuple[str, ...] = ()
    date_order: str | None = None
    handle: str | None = None
    bluesky: str | None = None
    mastodon: str | None = None

    @property
    def account(self) -> str | None:
        """The account that a server is asked for; None where the source is a file."""
        return self.handle or self.bluesky or self.mastodon

    @property
    def place(self) -> str:
        """Where the source is: a path, a URI, or the account with its @."""
        return self.archive or self.table or f"@{(self.account or '').removeprefix('@')}"

    def flags(self) -> dict[str, object]:
        """The flags of `collect` that say the same."""
        return {name: value for name, value in vars(self).items() if value}


def sources_given(given: argparse.Namespace) -> list[Source]:
    """The sources that the parsed flags of `run` or `submit` name; see `sources_of`."""
    return sources_of(
        archives=given.archive,
        tables=given.table,
        authors=given.author,
        formats=given.format,
        columns=given.columns,
        date_orders=given.date_order,
        consents=given.consent,
        accounts={kind: getattr(given, kind) for kind in ACCOUNTS},
        kinds=getattr(given, "source_kinds", []),
    )


def sources_of(
    *,
    archives: Sequence[str],
    tables: Sequence[str],
    authors: Sequence[str],
    formats: Sequence[str],
    columns: Sequence[str],
    date_orders: Sequence[str] = (),
    consents: Sequence[Consent],
    accounts: Mapping[str, Sequence[str]],
    kinds: Sequence[str] = (),
) -> list[Source]:
    """The sources: archives, tables, accounts; a list given once holds for every table.

    One table may be read for several authors; otherwise the n-th `--author` belongs to the n-th
    `--table`, or, where there are archives alone, to the n-th of these. `consents` is one for all,
    or one for each source in the order of `kinds`: which of `KINDS` each is (by default archives
    come first, then tables).

    Raises:
        BadInputError: there is no source, one is given twice, or the flags do not pair up.
    """
    named: list[dict[str, Any]] = [
        {kind: account} for kind in ACCOUNTS for account in accounts.get(kind, ())
    ]
    if not archives and not tables and not named:
        raise BadInputError(
            "whose posts? give --archive X.zip, --table FILE, or an account with --handle, "
            "--bluesky or --mastodon"
        )
    if not tables and (formats or columns or date_orders):
        raise BadInputError(
            "--format, --columns and --date-order belong to a --table; there is none"
        )
    owners = [] if tables else authors  # of archives that do not say whose they are
    if len(owners) not in (0, len(archives)):
        raise BadInputError(
            f"--author: {len(owners)} given for {len(archives)} archives; give one for each, in "
            "order, where an archive does not say whose it is"
        )
    if len(tables) == 1 and columns:
        columns = [",".join(columns)]  # as `collect` takes them, in one word or several
    if len(tables) == 1 and len(authors) > 1:
        tables = [tables[0]] * len(authors)
    count = len(archives) + len(tables) + len(named)
    if len(consents) not in (1, count):
        raise BadInputError(f"--consent: give it once for all, or once for each of {count} sources")
    consent = list(consents) * count if len(consents) == 1 else list(consents)
    own = iter(_by_kind(consent, _each_kind(kinds, len(tables))) if kinds else consent)
    rows = zip(
        tables,
        _one_each("--author", authors if tables else [], tables, once_for_all=False),
        _one_each("--format", formats, tables),
        _one_each("--columns", columns, tables),
        _one_each("--date-order", date_orders, tables),
        strict=True,
    )
    sources = [
        *(
            Source(next(own), archive=archive, author=author)
            for archive, author in zip_longest(archives, owners)
        ),
        *(
            Source(next(own), None, table, author, form, (cols,) if cols else (), order)
            for table, author, form, cols, order in rows
        ),
        *(Source(next(own), **account) for account in named),
    ]
    _refuse_twice(sources)
    return sources


def _refuse_twice(sources: Sequence[Source]) -> None:
    """One table may be read for several authors; nothing else is read twice."""
    seen: set[tuple[str, str]] = set()
    for source in sources:
        place = source.place.lower() if source.account else source.place
        is_path = not source.account and "://" not in place
        whole = str(home_path(place).resolve()) if is_path else place
        key = (whole, (source.author or "").removeprefix("@").lower())
        if key in seen:
            raise BadInputError(f"{source.place} is given twice; give each source once")
        seen.add(key)


def _each_kind(kinds: Sequence[str], tables: int) -> list[str]:
    """The kind of every source; a table that is read for several authors stands there as often."""
    repeats = tables // max(list(kinds).count("table"), 1)
    return [one for kind in kinds for one in [kind] * (repeats if kind == "table" else 1)]


def _by_kind(consents: Sequence[Consent], kinds: Sequence[str]) -> list[Consent]:
    """The consents in the order in which the sources are read."""
    own = list(zip(kinds, consents, strict=True))
    return [consent for kind in KINDS for one, consent in own if one == kind]


def _one_each(
    flag: str, values: Sequence[str], tables: Sequence[str], *, once_for_all: bool = True
) -> Sequence[str | None]:
    """A value for each table."""
    if not values:
        return [None] * len(tables)
    if len(values) == 1 and once_for_all:
        return list(values) * len(tables)
    if len(values) != len(tables):
        raise BadInputError(
            f"{flag}: {len(values)} given for {len(tables)} tables; give one for each, in order"
        )
    return values
