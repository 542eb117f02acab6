"""Clients that ask for posts: in a closed loop, each waiting for its answer, or as they arrive."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

PROMPTS = (
    "My dream is",
    "This morning I",
    "Nobody told me that",
    "I have never understood why",
    "The best thing about today:",
    "Here is what people miss about",
    "Dear diary, the",
    "It turns out that my neighbour",
)


class Ask(Protocol):
    """One request to a server."""

    def __call__(self, prompt: str, n: int, tokens: int) -> Iterator[int]:
        """Give the number of new tokens at each piece of the answer that arrives.

        A server that sends text may give 0 at all pieces but the last, where the sum is n x tokens.
        """


@dataclass(frozen=True)
class Asked:
    """One request: when it was sent, when its first piece and its last came, in seconds."""

    sent: float
    first: float
    ended: float
    tokens: int
    """Of all samples."""
    n: int


def first_after(asked: Asked) -> float:
    """Time to the first token, or to as much as the server sends at once."""
    return asked.first - asked.sent


def for_each(asked: Asked) -> float:
    """Time for each token as a reader of one sample sees it, the wait for the first among it."""
    return (asked.ended - asked.sent) * asked.n / asked.tokens


@dataclass(frozen=True)
class Load:
    """What a number of requests met."""

    asked: Sequence[Asked]
    together: int | None = None
    """Samples that are written at once, where that is known."""

    @property
    def tokens_per_second(self) -> float:
        """From the first request sent to the last answered."""
        began = min(one.sent for one in self.asked)
        return sum(one.tokens for one in self.asked) / (
            max(one.ended for one in self.asked) - began
        )

    def percentile(self, of: Callable[[Asked], float], percent: int) -> float:
        """The smallest value that so many percent of the requests do not exceed."""
        values = sorted(map(of, self.asked))
        return values[max(0, -(-len(values) * percent // 100) - 1)]


def closed_loop(ask: Ask, clients: int, each: int, n: int, tokens: int) -> Load:
    """So many clients, each sending `each` requests, one after the other."""
    start = threading.Barrier(clients)

    def client(number: int) -> list[Asked]:
        start.wait()
        return [_one(ask, number + turn, n, tokens) for turn in range(each)]

    with ThreadPoolExecutor(clients) as pool:
        asked = [one for asked in pool.map(client, range(clients)) for one in asked]
    return Load(asked, clients * n)


def open_loop(ask: Ask, a_second: float, count: int, tokens: int) -> Load:
    """So many requests for one sample that come at random, whether others are answered or not."""
    draw = random.Random(0)
    with ThreadPoolExecutor(count) as pool:
        futures = []
        for number in range(count):
            futures.append(pool.submit(_one, ask, number, 1, tokens))
            time.sleep(draw.expovariate(a_second))
        return Load([future.result() for future in futures])


def _one(ask: Ask, number: int, n: int, tokens: int) -> Asked:
    sent = time.perf_counter()
    first, count = None, 0
    for new in ask(PROMPTS[number % len(PROMPTS)], n, tokens):
        first = first or time.perf_counter()
        count += new
    ended = time.perf_counter()
    if count != n * tokens:
        raise RuntimeError(f"{count} tokens came instead of {n * tokens}")
    return Asked(sent, first or ended, ended, count, n)
