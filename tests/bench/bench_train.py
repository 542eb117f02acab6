"""Training: tokens a second beside the original's recipe, and the time to the best model.

`python tests/bench/bench_train.py [--runs N] [--seeds N] [--before CHECKOUT [--author NAME …]]`
The peer is the original's recipe under transformers.Trainer, see recipe.py; with `--before` it is
an earlier build, whose trainings take turns with this one's on the posts of several authors.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.report import Row, write_report
from support.real_tables import TABLES

from components.contracts.base import read_rows
from components.contracts.posts import DatasetRow
from components.contracts.reports import TrainReport
from components.fetch.config import FetchConfig
from components.fetch.stage import run as fetch
from components.lm.score import Scorer
from components.runtime.flags import flags_for
from components.runtime.logs import set_up_logs
from components.train.config import Method, TrainConfig

METHODS: tuple[Method, ...] = ("partial", "full", "lora")
KINDS = ("original", *METHODS)
PEER = "the original's recipe"
DROB = "drob"
HERE = Path(__file__).parents[2]
FIVE_MINUTES = 300.0  # what the original promised, on a GPU


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works")
    parser.add_argument("--runs", type=int, default=5, help="speed runs of each kind")
    parser.add_argument("--seeds", type=int, default=3, help="trainings to the best of each kind")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier build, the peer then")
    parser.add_argument("--author", action="append", choices=TABLES, help="with --before (all)")
    given = parser.parse_args()
    set_up_logs()
    if given.before:
        authors = given.author or list(TABLES)
        print(write_report("train-before", before_rows(given.before, authors, given.seeds)))
        return
    runs, seeds = (1, 1) if given.quick else (given.runs, given.seeds)
    rows = speed_rows("quick" if given.quick else "gpt2", runs)
    write_report("train", rows)  # the second half takes long
    rows += best_rows(seeds, 20.0 if given.quick else None)
    print(write_report("train", rows))


def speed_rows(size: str, runs: int) -> list[Row]:
    """Tokens a second, the kinds taking turns so that all meet the same machine."""
    measured: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for _ in range(runs):
        for kind in KINDS:
            measured[kind].append(_script("trainings.py", kind, size))
    return [row for kind in KINDS[1:] for row in _compared(kind, size, measured)]


def _script(name: str, *arguments: str | Path) -> dict[str, float]:
    """What a script beside this one measures in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "facts.json"
        script = Path(__file__).with_name(name)
        subprocess.run([sys.executable, script, *arguments, out], check=True)
        facts: dict[str, float] = json.loads(out.read_text())
        print(name, *arguments[:1], facts)
        return facts


def _compared(kind: str, size: str, measured: dict[str, list[dict[str, float]]]) -> list[Row]:
    case = f"{size} shape, random weights, {kind}"
    own, peer = measured[kind], measured["original"]
    speeds = [facts["tokens_per_second"] for facts in own]
    ours, theirs = statistics.median(speeds), _median(peer, "tokens_per_second")
    limit, gemm = _median(own, "limit"), _median(own, "gemm") / 1e9
    memory, peer_memory = _median(own, "memory") / 1e9, _median(peer, "memory") / 1e9
    spread = _spread(speeds)
    runs = len(own)
    return [
        Row(case, "speed", "tokens/s", ours, PEER, theirs, ours / theirs, runs, spread),
        Row(
            *(case, "speed", "tokens/s", ours, f"limit at {gemm:.0f} GFLOP/s"),
            *(limit, ours / limit, runs, spread),
        ),
        Row(
            *(case, "peak memory", "GB", memory, PEER, peer_memory, peer_memory / memory),
            *(runs, _spread([facts["memory"] for facts in own])),
        ),
    ]


def best_rows(seeds: int, max_seconds: float | None) -> list[Row]:
    """Seconds of training to the best validation loss on one author's real posts.

    The recipe runs once, from start to end, since it takes several times as long as all of ours;
    a quick run leaves it out.
    """
    data = os.environ.get("HUGGINGTWEETS_TEST_DATA")
    if not data:
        print("time to the best: left out, HUGGINGTWEETS_TEST_DATA names no folder of real posts")
        return []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        fetch(FetchConfig(base_model="bundled"), model_out=work / "base")
        _prepare_by(HERE, Path(data) / TABLES[DROB], DROB, work)
        reports: dict[str, list[TrainReport]] = {method: [] for method in METHODS}
        for seed in range(seeds):
            for method in METHODS:
                config = TrainConfig(method=method, seed=seed, max_seconds=max_seconds)
                reports[method].append(_train(config, work))
        peer = None if max_seconds else _script("recipe.py", work / "dataset", work / "base")
        return [row for method in METHODS for row in _to_best(method, reports[method], peer)]


@dataclass(frozen=True)
class Trained:
    """What a training with the default preset came to."""

    seconds: float
    """Of training to the best validation loss."""
    bits: float
    """Bits per byte of the test posts."""


def before_rows(before: Path, authors: Sequence[str], seeds: int) -> list[Row]:
    """This build's default preset beside that of the checkout `before`, author by author."""
    data = Path(os.environ["HUGGINGTWEETS_TEST_DATA"])
    rows: list[Row] = []
    before = before.absolute()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _stage(before, "fetch", "--base-model", "bundled", "--model-out", work / "base")
        for author in authors:
            _prepare_by(before, data / TABLES[author], author, work)
            pairs = []
            for seed in range(seeds):
                pairs.append([_trained(root, seed, work) for root in (HERE, before)])
                print(author, "seed", seed, "now and before:", *pairs[-1], flush=True)
            rows += _beside_before(author, pairs)
            write_report("train-before", rows)  # the rest takes long
    return rows


def _prepare_by(build: Path, table: Path, author: str, work: Path) -> None:
    """The train-dataset of an author, made by `build`: an older one reads none of a newer one."""
    for old in (work / "raw", work / "dataset"):
        shutil.rmtree(old, ignore_errors=True)
    source = ("--table", table, "--author", author, "--consent", "public-figure")
    _stage(build, "collect", *source, "--dataset-out", work / "raw")
    _stage(build, "prepare", "--dataset", work / "raw", "--dataset-out", work / "dataset")


def _stage(build: Path, stage: str, *words: str | Path) -> None:
    """Do a stage with the build in a folder, in a process of its own."""
    command = [sys.executable, "-m", f"components.{stage}", *map(str, words)]
    environment = os.environ | {"PYTHONPATH": str(build)}
    subprocess.run(command, check=True, cwd=build, env=environment)


def _trained(root: Path, seed: int, work: Path) -> Trained:
    """Train with the build in `root` in a process of its own; scored by this build."""
    places = ("--dataset", work / "dataset", "--base-model", work / "base")
    _stage(root, "train", *places, "--model-out", work / "finetuned", "--seed", str(seed))
    report = TrainReport.read(work / "finetuned" / "train.json")
    texts = [row.text for row in read_rows(work / "dataset" / "test.jsonl", DatasetRow)]
    bits = sum(bits for _, bits in Scorer(work / "finetuned").bits(texts))
    return Trained(report.seconds_to_best or 0.0, bits / sum(len(t.encode()) for t in texts))


def _beside_before(author: str, pairs: Sequence[Sequence[Trained]]) -> Iterator[Row]:
    case, runs = f"SmolLM2-135M on the posts of {author}, default preset", len(pairs)
    for metric, unit, name in (
        ("time to the best validation loss", "s", "seconds"),
        ("bits per byte of test posts", "bits", "bits"),
    ):
        mine, theirs = ([getattr(pair[at], name) for pair in pairs] for at in (0, 1))
        ours, peer = statistics.mean(mine), statistics.mean(theirs)
        yield Row(
            case, metric, unit, ours, "the build before", peer, peer / ours, runs, _spread(mine)
        )


def _train(config: TrainConfig, work: Path) -> TrainReport:
    out = work / "finetuned"
    places = ("--dataset", work / "dataset", "--base-model", work / "base", "--model-out", out)
    _stage(HERE, "train", *places, *flags_for(config, os.environ))
    report = TrainReport.read(out / "train.json")
    print(f"{config.method}, seed {config.seed}: {report.best_validation_loss:.4f} nats a token")
    return report


def _to_best(
    method: str, reports: list[TrainReport], peer: dict[str, float] | None
) -> Iterator[Row]:
    case, runs = f"SmolLM2-135M on the posts of drob, {method}", len(reports)
    seconds = [report.seconds_to_best or 0.0 for report in reports]
    losses = [report.best_validation_loss for report in reports]
    start = statistics.median(report.curve[0].validation_loss or 0.0 for report in reports)
    ours, loss = statistics.median(seconds), statistics.median(losses)
    metric = "time to the best validation loss"
    peers = {"the original's promise": FIVE_MINUTES} | ({PEER: peer["seconds"]} if peer else {})
    for name, theirs in peers.items():
        ratio = theirs / max(ours, 1e-9)
        yield Row(case, metric, "s", ours, name, theirs, ratio, runs, _spread(seconds))
    metric = "best validation loss"
    peers = {"the base model": start} | ({PEER: peer["loss"]} if peer else {})
    for name, theirs in peers.items():
        yield Row(
            *(case, metric, "nats/token", loss, name, theirs, theirs / loss),
            *(runs, _spread(losses)),
        )


def _median(measured: list[dict[str, float]], what: str) -> float:
    return statistics.median(facts[what] for facts in measured)


def _spread(values: list[float]) -> float:
    return (max(values) - min(values)) / max(statistics.median(values), 1e-9)


if __name__ == "__main__":
    main()
