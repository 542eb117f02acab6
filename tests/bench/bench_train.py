"""Training: tokens a second beside the original's recipe, and the time to the best model.

The peer is the original's recipe under transformers.Trainer, see recipe.py.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from report import Row, write_report

from components.collect.config import TableSource
from components.collect.stage import run as collect
from components.contracts.reports import TrainReport
from components.fetch.config import FetchConfig
from components.fetch.stage import run as fetch
from components.prepare.config import PrepareConfig
from components.prepare.stage import run as prepare
from components.runtime.flags import flags_for
from components.runtime.logs import set_up_logs
from components.train.config import Method, TrainConfig

KINDS = ("original", "full", "lora")
METHODS: tuple[Method, ...] = ("full", "lora")
PEER = "the original's recipe"
POSTS = "dgrtwo-tidy-text-mining/drob_tweets.csv"
FIVE_MINUTES = 300.0  # what the original promised, on a GPU


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works")
    parser.add_argument("--runs", type=int, default=5, help="speed runs of each kind")
    parser.add_argument("--seeds", type=int, default=3, help="trainings to the best of each kind")
    given = parser.parse_args()
    set_up_logs()
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
        table = TableSource(table=str(Path(data) / POSTS), author="drob", consent="public-figure")
        collect(table, dataset_out=work / "raw")
        prepare(PrepareConfig(), dataset=[work / "raw"], dataset_out=work / "dataset")
        reports: dict[str, list[TrainReport]] = {method: [] for method in METHODS}
        for seed in range(seeds):
            for method in METHODS:
                config = TrainConfig(method=method, seed=seed, max_seconds=max_seconds)
                reports[method].append(_train(config, work))
        peer = None if max_seconds else _script("recipe.py", work / "dataset", work / "base")
        return [row for method in METHODS for row in _to_best(method, reports[method], peer)]


def _train(config: TrainConfig, work: Path) -> TrainReport:
    out = work / "finetuned"
    places = ["--dataset", work / "dataset", "--base-model", work / "base", "--model-out", out]
    flags = [*map(str, places), *flags_for(config, os.environ)]
    command = [sys.executable, "-m", "components.train", *flags]
    subprocess.run(command, check=True)
    report = TrainReport.read(out / "train.json")
    print(f"{config.method}, seed {config.seed}: {report.best_validation_loss:.4f} nats a token")
    return report


def _to_best(
    method: str, reports: list[TrainReport], peer: dict[str, float] | None
) -> Iterator[Row]:
    case, runs = f"SmolLM2-135M on drob_tweets.csv, {method}", len(reports)
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
