"""How fast posts are collected and prepared, and how much memory that takes.

Cleaning stands beside the original's own five rules, on one core and in turns.
`python tests/bench/bench_prepare.py [--quick] [--runs N]`
"""

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.made_posts import archive_entries, posts
from bench.report import Row, write_report
from support.archives import entries, manifest
from support.raw_datasets import write_raw_dataset

SIZES = {False: (20_000, 100_000, 200_000), True: (2_000, 10_000)}
TABLE_ROWS = {False: (100_000, 1_000_000), True: (5_000, 20_000)}
ARCHIVE_POSTS = {False: (110_000, 1_100_000), True: (2_000, 20_000)}
"""A full one unpacks to 1 GB."""
A_PART = 110_000
"""Posts in one file of an archive: about 100 MB, as X cuts them."""
MOST_BYTES = 2_048
"""Memory a post that preparing may take."""
LEAST = {"default": 0.15, "classic": 1.0}
"""Of the original's speed."""


def main() -> None:
    """Run the bench and write its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, for all that follows
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        rows = preparing(folder, SIZES[given.quick], given.runs)
        rows += collecting("table", make_table, folder, TABLE_ROWS[given.quick])
        rows += collecting("archive", make_archive, folder, ARCHIVE_POSTS[given.quick])
    write_report("prepare", rows)


def preparing(folder: Path, sizes: Sequence[int], runs: int) -> list[Row]:
    """The rows of both presets on each size, the original's rules beside them."""
    rows, speeds = [], {}
    for size in sizes:
        write_raw_dataset(folder / f"raw-{size}", list(posts(size)))
        took: dict[str, list[dict[str, float]]] = {}
        for _ in range(runs):
            for kind in ("original", "classic", "default"):
                took.setdefault(kind, []).append(measure(kind, size, folder))
        for kind in ("classic", "default"):
            rows += compare(kind, size, took[kind], took["original"])
            speeds[kind, size] = size / median(took[kind], "seconds")
        shutil.rmtree(folder / f"raw-{size}")
    for kind in ("classic", "default"):
        linear = speeds[kind, sizes[-1]] / speeds[kind, sizes[0]]
        case = f"{kind}: {sizes[-1]:,} posts beside {sizes[0]:,}"
        rows.append(Row(case, "speed, 1 is linear", "", linear, None, None, None, runs, 0.0))
    return rows


def compare(
    kind: str, size: int, ours: list[dict[str, float]], peer: list[dict[str, float]]
) -> list[Row]:
    """Speed beside the peer's, and memory."""
    case, name = f"{kind}: {size:,} posts", "original rules"
    mine, other = (size / median(took, "seconds") for took in (ours, peer))
    memory, more = (median(took, "memory") / size for took in (ours, peer))
    return [
        Row(case, "speed", "posts/s", mine, name, other, mine / other, len(ours),
            spread(ours, "seconds"), LEAST[kind]),
        Row(case, "memory", "bytes/post", memory, name, more, more / memory, len(ours),
            spread(ours, "memory"), MOST_BYTES),
    ]  # fmt: skip


def collecting(
    kind: str, make: Callable[[Path, int], Path], folder: Path, sizes: Sequence[int]
) -> list[Row]:
    """Speed and memory on two sizes: memory must not grow."""
    rows = []
    for size in sizes:
        path = make(folder, size)
        took = measure(kind, size, folder)
        case = f"{kind}: {size:,} posts, {path.stat().st_size / 1e6:.0f} MB"
        rows.append(Row(case, "speed", "posts/s", size / took["seconds"], None, None, None, 1, 0.0))
        rows.append(Row(case, "peak memory", "MB", took["memory"] / 1e6, None, None, None, 1, 0.0))
        path.unlink()
    return rows


def make_table(folder: Path, size: int) -> Path:
    """A CSV of so many posts."""
    path = folder / f"{size}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "created_at", "text", "source"))
        for post in posts(size):
            writer.writerow((post.id, post.created_at.isoformat(), post.text, post.source))
    return path


def make_archive(folder: Path, size: int) -> Path:
    """An archive of so many posts, in parts as X packs it."""
    path, counts = folder / f"{size}.zip", {}
    rest = archive_entries(size)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        part = 0
        while some := list(islice(rest, A_PART)):
            name = f"data/tweets{f'-part{part}' if part else ''}.js"
            with archive.open(name, "w") as file:
                file.write(f"window.YTD.tweets.part{part} = [\n".encode())
                file.write(",\n".join(some).encode())
                file.write(b"\n]")
            counts[name] = ("tweets", len(some))
            part += 1
        account = [{"username": "ann", "accountId": "42"}]
        archive.writestr("data/account.js", entries("account", "account", account))
        archive.writestr("data/manifest.js", manifest(counts))
    return path


def measure(kind: str, size: int, folder: Path) -> dict[str, float]:
    """One job in a process of its own: seconds, and bytes of memory beyond its imports."""
    script = Path(__file__).with_name("preparations.py")
    done = subprocess.run(
        [sys.executable, script, kind, str(size), folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{kind} {size}: {done.stderr}")
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def median(runs: Sequence[dict[str, float]], key: str) -> float:
    """The median of one measurement over the runs."""
    return statistics.median(run[key] for run in runs)


def spread(runs: Sequence[dict[str, float]], key: str) -> float:
    """(largest - smallest) / median of one measurement."""
    values = [run[key] for run in runs]
    return (max(values) - min(values)) / statistics.median(values)


if __name__ == "__main__":
    main()
