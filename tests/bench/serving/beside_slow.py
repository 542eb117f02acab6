"""What other clients wait while slow ones read and send, beside what they wait alone."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import requests
from bench.report import Row
from support.server_processes import server_process
from support.slow_clients import slow_readers, trickling_senders
from support.tiny_models import make_tiny_model
from support.tiny_versions import publish_tiny

from components.registry import Registry

SLOW = 200
"""Readers of 8 bytes every half second, and as many senders of one byte."""
ASKED = 100
"""Requests of others, one after the other, from the moment on in which all slow ones have asked."""
MOST = 5.0
"""How many times as long as alone the others may wait."""
QUEUE = 2 * SLOW


def beside_slow_clients(folder: Path, runs: int) -> Iterator[Row]:
    """The others' median wait, in `runs` rounds on a tiny model: it is the server that counts."""
    registry = Registry.open(str(folder / "slow-registry"))
    publish_tiny(registry, "tiny", make_tiny_model(folder / "tiny"))
    registry.move_alias("tiny", "production", 1)
    words = ("--dtype", "fp32", "--job-queue-size", str(QUEUE))
    with server_process(registry.store.uri, folder, "beside-slow", *words) as server:
        url = f"{server.inference}/predictions/tiny"
        _wait(url)
        alone, beside = [], []
        for _ in range(runs):
            alone.append(_wait(url))
            beside.append(_wait_beside_slow(server.inference, url))
    ours, peer = statistics.median(beside), statistics.median(alone)
    yield Row(
        f"{SLOW} slow readers, {SLOW} slow senders", "others' wait, p50", "s", ours, "alone", peer,
        peer / ours, runs, (max(beside) - min(beside)) / ours, limit=MOST * peer,
    )  # fmt: skip


def _wait_beside_slow(address: str, url: str) -> float:
    body = {"prompt": "the", "max_tokens": 48, "ignore_eos": True, "stream": True}
    path = "/predictions/tiny"
    with slow_readers(address, path, body, SLOW), trickling_senders(address, path, SLOW):
        return _wait(url)


def _wait(url: str) -> float:
    """Seconds, the median of all requests."""
    waits = []
    for _ in range(ASKED):
        began = time.perf_counter()
        requests.post(url, json={"prompt": "the", "max_tokens": 8}, timeout=60).raise_for_status()
        waits.append(time.perf_counter() - began)
    return statistics.median(waits)
