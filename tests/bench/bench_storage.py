"""How fast folders go to each store and back, beside the libraries' own bulk transfer.

`python tests/bench/bench_storage.py [--runs N] [--store file --store s3 …]`
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.report import Row, write_report
from support.stores import SERVERS

PEERS = {"file": "shutil.copytree", "s3": "s3transfer", "gs": "transfer_manager"}
MEGABYTE = 1_000_000
MODEL = {"model.safetensors": 490, "tokenizer.json": 8, "config.json": 1, "README.md": 1}
"""Megabytes of each file of a model's folder."""
SMALL_FILES = 2_000
SMALL_BYTES = 4_000

Measured = Mapping[str, float]


def main() -> None:
    """Run the bench and write its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--store", action="append", choices=tuple(PEERS))
    given = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folders = make_folders(Path(name))
        for scheme in given.store or PEERS:
            with running(scheme, Path(name)) as uri:
                for case, folder in folders.items():
                    rows += compare(scheme, uri, case, folder, given.runs)
    write_report("storage", rows)


def make_folders(place: Path) -> dict[str, Path]:
    """A model of 500 MB and two thousand small files; bytes that do not compress."""
    chance = random.Random(1)
    model, small = place / "model", place / "small"
    model.mkdir()
    for name, size in MODEL.items():
        with (model / name).open("wb") as file:
            for _ in range(size):
                file.write(chance.randbytes(MEGABYTE))
    for number in range(SMALL_FILES):
        path = small / f"{number % 20}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(SMALL_BYTES))
    return {"500 MB model": model, "2,000 small files": small}


@contextmanager
def running(scheme: str, place: Path) -> Iterator[str]:
    """The URI of an empty store of this kind; the environment is set to reach it."""
    folder = place / f"store-{scheme}"
    folder.mkdir()
    try:
        if scheme == "file":
            yield f"file://{folder}"
        else:
            with SERVERS[scheme](folder) as server:
                os.environ.update(server.environment())
                yield server.uri
    finally:
        shutil.rmtree(folder)


def compare(scheme: str, uri: str, case: str, folder: Path, runs: int) -> list[Row]:
    """The rows of one folder on one store, each way; ours and the peer take turns."""
    took: dict[tuple[str, str], list[Measured]] = {}
    for run in range(runs):
        for who in ("ours", "peer") if run % 2 else ("peer", "ours"):
            place = f"{uri}/{case.split()[0]}-{who}-{run}"
            back = folder.with_name("back")
            took.setdefault((who, "up"), []).append(transfer(who, "up", place, folder))
            took.setdefault((who, "down"), []).append(transfer(who, "down", place, back))
            shutil.rmtree(back)
    megabytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEGABYTE
    return [
        row
        for way in ("up", "down")
        for row in rows_of(
            f"{scheme} {way}: {case}",
            PEERS[scheme],
            megabytes,
            took["ours", way],
            took["peer", way],
        )
    ]


def transfer(who: str, way: str, uri: str, folder: Path) -> Measured:
    """One transfer in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("transfers.py")), who, way, uri, folder]
    os.sync()  # else the second of two pays for what the first left to be written
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{who} {way} {uri}: {done.stderr}")
    measured: Measured = json.loads(done.stdout)
    return measured


def rows_of(
    case: str, peer: str, megabytes: float, ours: Sequence[Measured], theirs: Sequence[Measured]
) -> list[Row]:
    """Seconds, throughput and peak memory, the medians of all runs."""
    mine, other = (median(ours, "seconds"), median(theirs, "seconds"))
    rates = [megabytes / run["seconds"] for run in ours]
    return [
        row(case, "time", "s", mine, peer, other, other / mine, [r["seconds"] for r in ours]),
        row(
            case,
            "throughput",
            "MB/s",
            megabytes / mine,
            peer,
            megabytes / other,
            other / mine,
            rates,
        ),
        row(
            case,
            *("peak memory", "MB", median(ours, "peak_mb"), peer, median(theirs, "peak_mb")),
            median(theirs, "peak_mb") / median(ours, "peak_mb"),
            [run["peak_mb"] for run in ours],
        ),
    ]


def row(
    case: str,
    metric: str,
    unit: str,
    ours: float,
    peer_name: str,
    peer: float,
    ratio: float,
    each: Sequence[float],
) -> Row:
    """One row with the spread of our runs."""
    spread = (max(each) - min(each)) / statistics.median(each)
    return Row(case, metric, unit, ours, peer_name, peer, ratio, len(each), spread)


def median(runs: Sequence[Measured], key: str) -> float:
    """The median of one measurement over the runs."""
    return statistics.median(run[key] for run in runs)


if __name__ == "__main__":
    main()
