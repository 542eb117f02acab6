"""The flags of every command that is told whose posts to take, and how accounts are asked."""

import argparse
from typing import Any, get_args

from components.collect.config import CollectConfig
from components.contracts.reports import Consent
from components.runtime.flags import a_name, add_flags, fields_of
from pipelines.sources import ACCOUNTS, AppendSource, asking_fields

MANY: dict[str, Any] = {"action": "append", "default": [], "type": a_name}
"""Of a flag that is repeated."""


def add_source_flags(parser: argparse.ArgumentParser, *, consent_required: bool = True) -> None:
    """The flags that say whose posts, and on what basis they are used.

    Where `consent_required` is false, a command can do without sources.
    """
    group = parser.add_argument_group("whose posts (repeat for more of them, or more authors)")
    _add_places(group)
    _add_readings(group)
    group.add_argument(
        "--exclude-circle-window",
        action="store_true",
        help="leave out an archive's posts of the months in which some were private",
    )
    group.add_argument(
        "--consent",
        action="append",
        choices=get_args(Consent),
        required=consent_required,
        help="on which basis these posts are used; once for all sources, or once for each in "
        "their order here",
    )


def add_account_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of `collect` that say how accounts are asked for."""
    asking = frozenset[str]().union(*map(asking_fields, ACCOUNTS)) - {"resume"}
    add_flags(parser, CollectConfig, leave_out=frozenset(fields_of(CollectConfig)) - asking)


def _add_places(group: argparse._ArgumentGroup) -> None:
    """The flags that name a source each."""
    source: dict[str, Any] = MANY | {"action": AppendSource}
    group.add_argument(
        "--archive",
        metavar="X.zip",
        help="an archive as X hands it out, or the folder that it was unpacked to",
        **source,
    )
    group.add_argument("--table", metavar="FILE", help="a CSV, JSON or JSON lines file", **source)
    group.add_argument(
        "--handle", metavar="NAME", help="an X account, asked of the X API", **source
    )
    group.add_argument(
        "--bluesky",
        metavar="HANDLE",
        help="a Bluesky account, as alice.bsky.social or did:plc:…",
        **source,
    )
    group.add_argument(
        "--mastodon",
        metavar="USER@SERVER",
        help="a Mastodon account, as alice@mastodon.social",
        **source,
    )


def _add_readings(group: argparse._ArgumentGroup) -> None:
    """The flags that say how a source is read."""
    group.add_argument(
        "--author", metavar="NAME", help="whose posts a table or an archive holds", **MANY
    )
    group.add_argument(
        "--format",
        metavar="NAME",
        help="the table's format (default: found by its columns)",
        **MANY,
    )
    group.add_argument(
        "--columns", metavar="FIELD=COLUMN,…", help="what the table's columns hold", **MANY
    )
    group.add_argument(
        "--date-order",
        metavar="ORDER",
        help="day-first or month-first, of dates such as 01/03/2019 (default: found by the rows)",
        **MANY,
    )
