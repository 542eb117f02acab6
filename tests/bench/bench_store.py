"""The memory that the chart's store takes while models are published to it at once.

`python tests/bench/bench_store.py [--clients N] [--megabytes N] [--memory QUANTITY]`
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.report import Row, write_report
from support.chart_store import KEYS, ChartStore, chart_store

from components.runtime.patience import waiting_for_stores
from components.storage import open_store

MEGABYTE = 1_000_000
PEER = "without bounds"


def main() -> None:
    """Measure the store as the chart starts it, then the same without its bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--megabytes", type=int, default=2_000, help="of each client's model")
    parser.add_argument("--memory", default="1Gi", help="the chart's resources.limits.memory")
    parser.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        publish_one(*given.client)
        return
    bounded, unbounded = chart_store(given.memory), chart_store(None)
    with tempfile.TemporaryDirectory() as name:
        model = make_model(Path(name), given.megabytes)
        peaks = [peak_of(store, model, given.clients) for store in (bounded, unbounded)]
    case = f"{given.clients} models of {given.megabytes} MB published at once"
    ours, peer = (peak / MEGABYTE for peak in peaks)
    limit = bounded.limit / MEGABYTE
    row = Row(case, "peak memory", "MB", ours, PEER, peer, peer / ours, 1, 0.0, limit)
    write_report("store", [row])


def make_model(place: Path, megabytes: int) -> Path:
    """A file whose bytes do not compress."""
    chance, model = random.Random(1), place / "model.safetensors"
    with model.open("wb") as file:
        for _ in range(megabytes):
            file.write(chance.randbytes(MEGABYTE))
    return model


def peak_of(store: ChartStore, model: Path, clients: int) -> int:
    """The most bytes that the store held while each client did what a publish does."""
    with tempfile.TemporaryDirectory() as folder, store.running(Path(folder)) as (pid, endpoint):
        environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL_S3": endpoint}
        command = [sys.executable, __file__, "--client", str(model)]
        tasks = [subprocess.Popen([*command, f"{n}"], env=environment) for n in range(clients)]
        return watch(pid, tasks)


def watch(pid: int, tasks: "Sequence[subprocess.Popen[bytes]]") -> int:
    """The process's peak once all of these are done."""
    while any(task.poll() is None for task in tasks):
        time.sleep(0.2)
    if any(task.returncode for task in tasks):
        raise SystemExit("a client failed")
    return peak_memory(pid)


def peak_memory(pid: int) -> int:
    """The most bytes of memory that a process held so far, those of mapped files among them."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) << 10


def publish_one(model: str, name: str) -> None:
    """Upload a model, copy it into its place, and fetch it as a server does."""
    store = open_store(f"s3://personas/{name}")
    fetched = Path(model).with_name(f"fetched-{name}")
    with waiting_for_stores(os.environ):
        store.upload(Path(model), "upload")
        store.copy("upload", "version")
        store.delete("upload")
        store.download("version", fetched)
    fetched.unlink()


if __name__ == "__main__":
    main()
