"""Which posts a run is given: archives, tables and accounts, with what belongs to each."""

import argparse
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from components.collect.config import (
    SOURCES,
    AccountSource,
    FileSource,
    Source,
    source_given,
)
from components.contracts.errors import BadInputError
from components.contracts.reports import Consent
from components.runtime.flags import ENVIRONMENT_PREFIX
from components.runtime.folders import home_path

ACCOUNTS = tuple(kind for kind in SOURCES if issubclass(kind, AccountSource))
"""The kinds of sources that are accounts."""
SAID_OF_EACH = frozenset({kind.flag for kind in SOURCES}) | {
    *("author", "format", "columns", "date_order", "consent", "registry")
}
"""The fields that each source has of its own in a command that names several."""


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


def sources_given(
    given: argparse.Namespace,
    environment: Mapping[str, str] | None = None,
    registry: str | None = None,
) -> list[Source]:
    """The sources that the parsed flags of `run` or `submit` name: archives, tables, accounts.

    One table may be read for several authors; otherwise the n-th `--author` belongs to the n-th
    `--table`, or, where there are archives alone, to the n-th of these. A flag that is given once
    holds for every table. `--consent` is one for all, or one for each source as the command names
    them.

    Args:
        given: the flags, as `add_source_flags` and `add_account_flags` define them.
        environment: where variables say what no flag says of how accounts are asked for.
        registry: where opt-outs are listed.

    Raises:
        BadInputError: there is no source, one is given twice, or the flags do not pair up.
    """
    if not any(getattr(given, kind.flag) for kind in SOURCES):
        raise BadInputError(
            "whose posts? give --archive X.zip, --table FILE, or an account with --handle, "
            "--bluesky or --mastodon"
        )
    named = [
        *_archives(given),
        *_tables(given),
        *({kind.flag: name} for kind in ACCOUNTS for name in getattr(given, kind.flag)),
    ]
    about = {"registry": registry} if registry else {}
    sources = [
        _source({**flags, "consent": consent, **about}, given, environment or {})
        for flags, consent in zip(named, _consents(given, len(named)), strict=True)
    ]
    _refuse_twice(
        sources, [str(flags[one.flag]) for one, flags in zip(sources, named, strict=True)]
    )
    return sources


def asking_fields(kind: type[Source]) -> frozenset[str]:
    """What is said once for all sources of a kind, as where their server is."""
    return frozenset(kind.model_fields) - SAID_OF_EACH


def _source(
    flags: dict[str, Any], given: argparse.Namespace, environment: Mapping[str, str]
) -> Source:
    """The source of these flags, with what is said once for all of its kind."""
    (kind,) = (kind for kind in SOURCES if kind.flag in flags)
    once = {name: value for name, value in vars(given).items() if name in asking_fields(kind)}
    return source_of_flags({**flags, **once}, environment)


def source_of_flags(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Source:
    """The source of these flags of collect; variables say only how its kind is asked for.

    Raises:
        BadInputError: they name no source, or several, or a value is wrong.
    """
    names = {
        ENVIRONMENT_PREFIX + name.upper()
        for kind in SOURCES
        if kind.flag in flags
        for name in asking_fields(kind)
    }
    return source_given(flags, {name: text for name, text in environment.items() if name in names})


def _archives(given: argparse.Namespace) -> list[dict[str, Any]]:
    """The flags of each archive."""
    owners = [] if given.table else given.author  # of archives that do not say whose they are
    if len(owners) not in (0, len(given.archive)):
        raise BadInputError(
            f"--author: {len(owners)} given for {len(given.archive)} archives; give one for each, "
            "in order, where an archive does not say whose it is"
        )
    return [
        {"archive": archive, **({"author": owner} if owner else {})}
        for archive, owner in zip_longest(given.archive, owners)
    ]


def _tables(given: argparse.Namespace) -> list[dict[str, Any]]:
    """The flags of each table, which stands there as often as it is read."""
    tables, columns = given.table, given.columns
    if not tables and (given.format or columns or given.date_order):
        raise BadInputError(
            "--format, --columns and --date-order belong to a --table, and none is given"
        )
    if len(tables) == 1:
        columns = [",".join(columns)] if columns else []  # as `collect` takes them, too
        tables = tables * max(len(given.author), 1)
    fields = {
        "table": tables,
        "author": _one_each("--author", given.author if tables else [], tables, for_all=False),
        "format": _one_each("--format", given.format, tables),
        "columns": [word and (word,) for word in _one_each("--columns", columns, tables)],
        "date_order": _one_each("--date-order", given.date_order, tables),
    }
    rows = (dict(zip(fields, row, strict=True)) for row in zip(*fields.values(), strict=True))
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _consents(given: argparse.Namespace, count: int) -> list[Consent]:
    """The consent of each source, in the order in which the sources are read."""
    consents = given.consent
    if not consents:
        raise BadInputError("--consent: it is required: say on which basis these posts are used")
    if len(consents) not in (1, count):
        raise BadInputError(f"--consent: give it once for all, or once for each of {count} sources")
    if len(consents) == 1:
        return list(consents) * count
    kinds = _each_kind(given.source_kinds, count)
    own = list(zip(kinds, consents, strict=True))
    return [consent for kind in SOURCES for one, consent in own if one == kind.flag]


def _refuse_twice(sources: Sequence[Source], names: Sequence[str]) -> None:
    """One table may be read for several authors; nothing else is read twice.

    Messages call the sources as the command names them.
    """
    seen: set[tuple[str, str]] = set()
    for source, name in zip(sources, names, strict=True):
        place, author, shown = source.place, "", name
        if not isinstance(source, FileSource):
            whole, shown = place.lower(), f"@{name.removeprefix('@')}"
        else:
            whole = place if "://" in place else str(home_path(place).resolve())
            author = (source.author or "").lower()
        if (whole, author) in seen:
            raise BadInputError(f"{shown} is given twice; give each source once")
        seen.add((whole, author))


def _each_kind(kinds: Sequence[str], count: int) -> list[str]:
    """The kind of every source; a table that is read for several authors stands there as often."""
    repeats = 1 + (count - len(kinds)) // max(list(kinds).count("table"), 1)
    return [one for kind in kinds for one in [kind] * (repeats if kind == "table" else 1)]


def _one_each(
    flag: str, values: Sequence[str], tables: Sequence[str], *, for_all: bool = True
) -> Sequence[str | None]:
    """A value for each table."""
    if not values:
        return [None] * len(tables)
    if len(values) == 1 and for_all:
        return list(values) * len(tables)
    if len(values) != len(tables):
        raise BadInputError(
            f"{flag}: {len(values)} given for {len(tables)} tables; give one for each, in order"
        )
    return values
