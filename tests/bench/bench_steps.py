"""How long each step of a run takes on a tiny model: what it costs beside the work itself.

`python tests/bench/bench_steps.py --peer CHECKOUT [--peer-python PYTHON] [--runs N]`
Each step is run by its command line, in turn with that of another checkout.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.report import Row, write_report
from support.tiny_models import make_tiny_model

from components.collect.sample.build import build_archive

ROOT = Path(__file__).parents[2]
OUTPUTS = {
    "collect": "raw-dataset",
    "fetch": "pretrained-model",
    "prepare": "train-dataset",
    "train": "finetuned-model",
    "evaluate": "evaluation",
    "publish": "registry",
}
STEPS = (*OUTPUTS, "deploy", "report")
METRICS = ("time", "processor time")


def main() -> None:
    """Run the bench and write its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        build_archive(place / "sample.zip")
        make_tiny_model(place / "tiny")
        ours = Build("ours", ROOT, sys.executable, place)
        peer = Build(given.peer.name, given.peer.resolve(), given.peer_python, place)
        rows = [one for step in STEPS for one in compare(step, ours, peer, given.runs)]
    rows += [whole([one for one in rows if one.metric == metric]) for metric in METRICS]
    write_report("steps", rows)


class Build:
    """A checkout, and the folders of a run that its steps make one after the other."""

    def __init__(self, name: str, root: Path, python: str, place: Path) -> None:
        self.name, self._root, self._python = name, root, python
        self._out = place / f"of-{name}"
        self._place = place

    def seconds(self, step: str) -> tuple[float, float]:
        """Run the step anew; how long it took, and how long processors worked for it."""
        if step in OUTPUTS:
            shutil.rmtree(self._out / OUTPUTS[step], ignore_errors=True)
        line = [self._python, "-m", f"components.{step}", *self._flags(step)]
        start, worked = time.perf_counter(), processor_seconds()
        subprocess.run(
            line, check=True, cwd=self._root, env=self._environment(), capture_output=True
        )
        return time.perf_counter() - start, processor_seconds() - worked

    def _environment(self) -> Mapping[str, str]:
        here = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
        return {**here, "PYTHONPATH": str(self._root), "HF_HUB_OFFLINE": "1"}

    def _flags(self, step: str) -> Sequence[str]:
        made = {key: str(self._out / name) for key, name in OUTPUTS.items()}
        models = ("--model", made["train"], "--base-model", made["fetch"])
        archive = str(self._place / "sample.zip")
        few = ("--samples", "20", "--max-tokens", "20")
        return {
            "collect": (
                *("--archive", archive, "--consent", "fictional"),
                *("--dataset-out", made["collect"]),
            ),
            "fetch": ("--base-model", str(self._place / "tiny"), "--model-out", made["fetch"]),
            "prepare": ("--dataset", made["collect"], "--dataset-out", made["prepare"]),
            "train": (
                *("--dataset", made["prepare"], "--base-model", made["fetch"]),
                *("--model-out", made["train"], "--epochs", "1", "--dtype", "fp32"),
            ),
            "evaluate": (
                *("--dataset", made["prepare"], *models, *few),
                *("--evaluation-out", made["evaluate"]),
            ),
            "publish": (
                *("--dataset", made["prepare"], *models, "--evaluation", made["evaluate"]),
                *("--registry", made["publish"], "--name", "tiny"),
            ),
            "deploy": ("--registry", made["publish"], "--name", "tiny", "--version", "1"),
            "report": ("--status", '{"state": "SUCCEEDED"}'),
        }[step]


def processor_seconds() -> float:
    """Of all child processes so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(step: str, ours: Build, peer: Build, runs: int) -> list[Row]:
    """The median seconds of a step in both checkouts, run in turn after one run each."""
    ours.seconds(step), peer.seconds(step)
    pairs = [(ours.seconds(step), peer.seconds(step)) for _ in range(runs)]
    return [
        row(step, metric, peer.name, [(mine[at], other[at]) for mine, other in pairs])
        for at, metric in enumerate(METRICS)
    ]


def row(step: str, metric: str, peer_name: str, pairs: Sequence[tuple[float, float]]) -> Row:
    """The medians of ours and the peer's."""
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    spread = (max(one for one, _ in pairs) - min(one for one, _ in pairs)) / mine
    return Row(step, metric, "s", mine, peer_name, other, other / mine, len(pairs), spread)


def whole(rows: Sequence[Row]) -> Row:
    """All steps together."""
    mine, other = sum(row.ours for row in rows), sum(row.peer or 0 for row in rows)
    spread = max(row.spread for row in rows)
    name, runs = rows[0].peer_name, rows[0].runs
    return Row("all steps", rows[0].metric, "s", mine, name, other, other / mine, runs, spread)


if __name__ == "__main__":
    main()
