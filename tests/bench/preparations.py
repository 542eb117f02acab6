"""One measured job in a process of its own: `python preparations.py KIND SIZE FOLDER`, JSON out.

Kinds: `original`, `classic` and `default` clean the posts in FOLDER; `archive` and `table` collect
what `made` has put there. Each runs alone, so that its peak memory is its own.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import original_rules

from components.collect.config import ArchiveSource, TableSource
from components.collect.stage import run as collect
from components.contracts.reports import Preset
from components.prepare.config import PrepareConfig
from components.prepare.stage import run as prepare


def original(size: int, folder: Path) -> None:
    """The original's rules, from posts.jsonl to a file of texts."""
    original_rules.prepare(_raw(size, folder) / "posts.jsonl", folder / "original.jsonl")


def prepared(preset: str) -> Callable[[int, Path], None]:
    """Our stage with this preset."""

    def run(size: int, folder: Path) -> None:
        config = PrepareConfig(preset=cast(Preset, preset))
        prepare(config, dataset=[_raw(size, folder)], dataset_out=folder / f"out-{preset}")

    return run


def archive(size: int, folder: Path) -> None:
    """Collect from an archive."""
    config = ArchiveSource(archive=str(folder / f"{size}.zip"), consent="fictional")
    collect(config, dataset_out=folder / "out-archive")


def table(size: int, folder: Path) -> None:
    """Collect from a table."""
    config = TableSource(table=str(folder / f"{size}.csv"), author="ann", consent="fictional")
    collect(config, dataset_out=folder / "out-table")


def _raw(size: int, folder: Path) -> Path:
    return folder / f"raw-{size}"


KINDS: dict[str, Callable[[int, Path], None]] = {
    "original": original,
    "classic": prepared("classic"),
    "default": prepared("default"),
    "archive": archive,
    "table": table,
}


def peak_bytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(words: Iterable[str]) -> None:
    """Do the job, then say how long it took and how much memory it needed beyond its imports."""
    kind, size, folder = words
    before, start = peak_bytes(), time.perf_counter()
    KINDS[kind](int(size), Path(folder))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "memory": peak_bytes() - before}))


if __name__ == "__main__":
    main(sys.argv[1:])
