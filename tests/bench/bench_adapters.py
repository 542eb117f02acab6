"""What adapters cost beside training all weights, as the judge sees it: bits per byte of the newest
posts, and how surely generated posts are told from real ones.

`python tests/bench/bench_adapters.py --out FOLDER [--author NAME …] [--seeds N] [--quick]`
Real posts come from HUGGINGTWEETS_TEST_DATA. Each training and each judgement is done once: the
command started again goes on with what is missing in FOLDER.
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.report import Row, write_report
from support.real_tables import TABLES

from components.collect.config import TableSource
from components.collect.stage import run as collect
from components.contracts.artifacts import EVALUATION_REPORT
from components.contracts.evaluation import EvaluationReport
from components.evaluate.config import EvaluateConfig
from components.fetch.config import FetchConfig
from components.fetch.stage import run as fetch
from components.prepare.config import PrepareConfig
from components.prepare.stage import run as prepare
from components.runtime.flags import flags_for
from components.runtime.logs import set_up_logs
from components.train.config import TrainConfig

ADAPTER, FULL = "adapter", "full"
METHODS = {
    FULL: TrainConfig(method="full"),
    ADAPTER: TrainConfig(method="lora", publish="adapter"),
}


FIGURES = (("bits per byte", "bits", "bits_per_byte"), ("detectability", "AUC", "auc"))


@dataclass(frozen=True)
class Judged:
    """What the judge says of one model."""

    bits_per_byte: float
    auc: float
    """Of telling generated posts from real ones; 0.5 is chance."""


def main() -> None:
    """Run what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where all of it is kept")
    parser.add_argument("--author", action="append", choices=TABLES, help="(default: all)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="little of each: shows that it works")
    given = parser.parse_args()
    set_up_logs()
    data = os.environ.get("HUGGINGTWEETS_TEST_DATA")
    if not data:
        raise SystemExit("HUGGINGTWEETS_TEST_DATA names no folder of real posts")
    bench = Bench(given.out.absolute(), Path(data), quick=given.quick)
    rows = []
    for author in given.author or TABLES:
        judged = {name: bench.judged(author, name, given.seeds) for name in METHODS}
        rows += _rows(author, judged)
    write_report("adapters", rows)
    print(*markdown(rows), sep="\n")


class Bench:
    """Trains and judges in a folder, each once."""

    def __init__(self, out: Path, data: Path, *, quick: bool) -> None:
        """`data` holds the real posts."""
        self._out, self._data, self._quick = out, data, quick
        self._base = out / "pretrained-model"
        if not self._base.exists():
            fetch(FetchConfig(base_model="bundled"), model_out=self._base)

    def judged(self, author: str, name: str, seeds: int) -> list[Judged]:
        """The judgement of each seed's model."""
        return [self._judged(self._dataset(author), author, name, seed) for seed in range(seeds)]

    def _dataset(self, author: str) -> Path:
        place = self._out / author
        if not (place / "train-dataset").exists():
            table = str(self._data / TABLES[author])
            source = TableSource(table=table, author=author, consent="public-figure")
            collect(source, dataset_out=place / "raw-dataset")
            prepare(
                PrepareConfig(),
                dataset=[place / "raw-dataset"],
                dataset_out=place / "train-dataset",
            )
        return place / "train-dataset"

    def _judged(self, dataset: Path, author: str, name: str, seed: int) -> Judged:
        place = self._out / author / f"{name} {seed}".replace(" ", "-")
        model, evaluation = place / "finetuned-model", place / "evaluation"
        inputs = ["--dataset", dataset, "--base-model", self._base]
        if not (evaluation / EVALUATION_REPORT).exists():
            seconds = 20.0 if self._quick else None
            chosen = METHODS[name].model_copy(update={"seed": seed, "max_seconds": seconds})
            _run("train", *inputs, "--model-out", model, *flags_for(chosen, os.environ))
            few = EvaluateConfig(samples=20) if self._quick else EvaluateConfig()
            words = flags_for(few.model_copy(update={"seed": seed}), os.environ)
            _run("evaluate", *inputs, "--model", model, "--evaluation-out", evaluation, *words)
        report = EvaluationReport.read(evaluation / EVALUATION_REPORT)
        bits, auc = report.bits_per_byte.finetuned, report.detectability.auc
        assert bits is not None
        found = Judged(bits.value, auc.value if auc else 0.5)
        print(f"{author}, {name}, seed {seed}: {found}", flush=True)
        return found


def _run(stage: str, *words: str | Path) -> None:
    """Do a stage in a process of its own: a training leaves the memory as it likes it."""
    command = [sys.executable, "-m", f"components.{stage}", *map(str, words)]
    subprocess.run(command, check=True)


def _rows(author: str, judged: dict[str, Sequence[Judged]]) -> Iterator[Row]:
    """The means over the seeds, each kind of adapter beside all weights."""
    for name in (name for name in METHODS if name != FULL):
        for metric, unit, field in FIGURES:
            mine, full = ([getattr(one, field) for one in judged[kind]] for kind in (name, FULL))
            ours, peer = statistics.mean(mine), statistics.mean(full)
            spread = (max(mine) - min(mine)) / ours
            yield Row(
                f"{author}, {name}", metric, unit, ours, "all weights", peer, peer / ours,
                len(mine), spread,
            )  # fmt: skip


def markdown(rows: Sequence[Row]) -> Iterator[str]:
    """The table for the README."""
    yield "| author | figure | all weights | adapter | adapter to all weights |"
    yield "|---|---|---:|---:|---:|"
    for row in rows:
        assert row.peer is not None
        yield (
            f"| {row.case} | {row.metric} | {row.peer:.4f} | {row.ours:.4f} "
            f"| {100 * (row.ours / row.peer - 1):+.2f}% |"
        )


if __name__ == "__main__":
    main()
