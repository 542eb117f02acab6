"""What the registry's commands print."""

import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.contracts.audit import AuditEntry, AuditHead, Detail
from components.contracts.registry import Alias, Manifest, OptOut
from components.registry.layout import ALIASES

WIDEST = 10_000
"""Characters of a line, which is never wrapped."""


def show(document: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> int:
    """Print the document as JSON, or the lines; return the exit code of success."""
    if as_json:
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for line in lines:
            print(line)
    return 0


def show_move(persona: str, name: str, alias: Alias, *, as_json: bool) -> int:
    """Print where an alias points now."""
    document = {"persona": persona, "alias": name, **alias.model_dump(mode="json")}
    return show(document, [f"{name} of {persona} is version {alias.version}"], as_json=as_json)


def personas(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line for each persona: its name, how many versions, where the aliases point."""
    if not rows:
        return ["there is no persona yet"]
    return _aligned(
        ("PERSONA", "VERSIONS", *(name.upper() for name in ALIASES)),
        [
            (
                row["persona"],
                str(len(row["versions"])) + _stale(len(row["stale"])),
                *(str(row["aliases"].get(name, "-")) for name in ALIASES),
            )
            for row in rows
        ],
    )


def _stale(count: int) -> str:
    return f" ({count} stale)" if count else ""


def versions(
    manifests: Sequence[Manifest], aliases: Mapping[str, Alias], stale: Collection[int]
) -> list[str]:
    """One line for each version, newest last, then one for each alias with its history."""
    table = _aligned(
        ("VERSION", "CREATED", "FILES", "MB", "ALIASES"),
        [
            (
                str(manifest.version),
                f"{manifest.created_at:%Y-%m-%d %H:%M}",
                str(len(manifest.files)),
                f"{sum(entry.size for entry in manifest.files) / 1e6:.1f}",
                ", ".join(
                    [
                        *(n for n, alias in aliases.items() if alias.version == manifest.version),
                        *(["stale"] if manifest.version in stale else []),
                    ]
                ),
            )
            for manifest in manifests
        ],
    )
    histories = [
        f"{name}: " + " → ".join(str(move.version) for move in alias.history)
        for name, alias in aliases.items()
    ]
    return [*table, "", *histories]


def people(listed: Sequence[OptOut]) -> list[str]:
    """One line for each person who opted out."""
    if not listed:
        return ["nobody opted out"]
    rows = [
        (
            person.account_id or "-",
            f"@{person.handle}" if person.handle else "-",
            f"{person.added_at:%Y-%m-%d}",
        )
        for person in listed
    ]
    return _aligned(("ACCOUNT ID", "HANDLE", "SINCE"), rows)


def actions(entries: Iterable[AuditEntry]) -> list[str]:
    """One line for each action of the audit log: when, who, what, and how it ended."""
    last: dict[str, AuditEntry] = {}
    first: dict[str, AuditEntry] = {}
    for entry in entries:
        first.setdefault(entry.id, entry)
        last[entry.id] = entry
    if not first:
        return ["the audit log has no such entry"]
    rows = [
        (
            str(entry.number),
            f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            _printable(entry.actor),
            _printable(entry.action),
            _printable(_what(last[action])),
            _ENDS.get(last[action].stage, last[action].stage),
        )
        for action, entry in first.items()
    ]
    return _aligned(("ENTRY", "WHEN (UTC)", "WHO", "ACTION", "WHAT", "HOW IT ENDED"), rows)


_ENDS = {"begun": "not known"}


def chain_holds(head: AuditHead) -> str:
    """What is said of a log in which nothing is wrong."""
    if not head.count:
        return "there is no entry to check"
    return f"the chain holds; its last entry is {head.count}:{head.sha256}"


def _what(entry: AuditEntry) -> str:
    version = "" if entry.version is None else f"@{entry.version}"
    about = [f"{entry.persona or ''}{version}"] if entry.persona else []
    details = (
        f"{key}={_plain(value)}" for key, value in entry.details.items() if value is not None
    )
    return " ".join([*about, *details])


def _plain(value: Detail) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _printable(text: str) -> str:
    """The text on a line: a registry that others wrote could hold anything."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table, as wide as they are: programs read them too."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in head:
        table.add_column(Text(name))
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=io.StringIO(), width=WIDEST, color_system=None)
    with console.capture() as drawn:
        console.print(table)
    return [line.rstrip() for line in drawn.get().splitlines()]
