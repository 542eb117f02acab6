"""How long each step of a run takes on a tiny model: what it costs beside the work itself.

`python tests/bench/bench_steps.py --peer CHECKOUT [--peer-python PYTHON] [--runs N]`
Each step is run by its command line, in turn with that of another checkout.
"""

import argparse
import os
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
        builds = [
            Build("ours", ROOT, sys.executable, place),
            Build(given.peer.name, given.peer.resolve(), given.peer_python, place),
        ]
        rows = [compare(step, *builds, given.runs) for step in OUTPUTS]
    rows.append(whole(rows))
    write_report("steps", rows)


class Build:
    """A checkout, and the folders of a run that its steps make one after the other."""

    def __init__(self, name: str, root: Path, python: str, place: Path) -> None:
        self.name, self._root, self._python = name, root, python
        self._out = place / f"of-{name}"
        self._place = place

    def seconds(self, step: str) -> float:
        """Run the step anew; how long it took."""
        output = self._out / OUTPUTS[step]
        shutil.rmtree(output, ignore_errors=True)
        line = [self._python, "-m", f"components.{step}", *self._flags(step)]
        start = time.perf_counter()
        subprocess.run(
            line, check=True, cwd=self._root, env=self._environment(), capture_output=True
        )
        return time.perf_counter() - start

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(self._root), "HF_HUB_OFFLINE": "1"}

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
        }[step]


def compare(step: str, ours: Build, peer: Build, runs: int) -> Row:
    """The median seconds of a step in both checkouts, run in turn after one run each."""
    ours.seconds(step), peer.seconds(step)
    pairs = [(ours.seconds(step), peer.seconds(step)) for _ in range(runs)]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    spread = (max(one for one, _ in pairs) - min(one for one, _ in pairs)) / mine
    return Row(step, "time", "s", mine, peer.name, other, other / mine, runs, spread)


def whole(rows: Sequence[Row]) -> Row:
    """All steps together."""
    mine, other = sum(row.ours for row in rows), sum(row.peer or 0 for row in rows)
    spread = max(row.spread for row in rows)
    name, runs = rows[0].peer_name, rows[0].runs
    return Row("all steps", "time", "s", mine, name, other, other / mine, runs, spread)


if __name__ == "__main__":
    main()
