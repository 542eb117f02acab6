"""What every bench leaves behind: a table for people and `build/bench/<name>.json` for machines."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from components.contracts.base import SCHEMA_VERSION
from components.runtime.processors import processor_name

FOLDER = Path(__file__).parents[2] / "build" / "bench"


@dataclass(frozen=True)
class Row:
    """One figure of ours beside the same figure of a peer."""

    case: str
    """What was measured, on what."""
    metric: str
    unit: str
    ours: float
    peer_name: str | None
    peer: float | None
    ratio: float | None
    """Above 1 where ours is better."""
    runs: int
    spread: float
    """(largest - smallest) / median of our runs."""
    limit: float | None = None
    """The bound that the figure must keep, if there is one."""


def machine() -> dict[str, str | int]:
    """The processor's model and how many cores this process may use."""
    model = processor_name() or platform.processor() or platform.machine()
    return {"processor": model, "cores": len(os.sched_getaffinity(0))}


def write_report(name: str, rows: Sequence[Row]) -> Path:
    """Print the rows as a table, write `build/bench/<name>.json` and return its path."""
    described = machine()
    table = Table(title=f"{name} on {described['processor']}, {described['cores']} cores")
    for column in ("case", "metric", "unit", "ours", "peer", "", "ratio", "runs", "spread"):
        table.add_column(column, justify="left" if column in ("case", "metric") else "right")
    for row in rows:
        table.add_row(
            *(row.case, row.metric, row.unit, _figure(row.ours), row.peer_name or ""),
            *(_figure(row.peer), _figure(row.ratio), str(row.runs), f"{row.spread:.0%}"),
        )
    Console(width=140).print(table)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    document = {
        "schema_version": SCHEMA_VERSION,
        "machine": described,
        "rows": [asdict(row) for row in rows],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
