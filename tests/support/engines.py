"""Asking an engine and reading its answer as a whole."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from components.lm.engine.protocol import Engine, Event, FinishReason, Request, Sampling


class Written(NamedTuple):
    """A whole sample."""

    text: str
    finish_reason: FinishReason
    tokens: int


def gather(events: Iterable[Event]) -> list[Written]:
    """The samples that a stream's events make up, each ended once and by its last event."""
    heard: dict[int, list[Event]] = {}
    for event in events:
        heard.setdefault(event.index, []).append(event)
    assert sorted(heard) == list(range(len(heard)))
    samples = []
    for _, own in sorted(heard.items()):
        assert [event.finish_reason is None for event in own] == [True] * (len(own) - 1) + [False]
        reason = own[-1].finish_reason
        assert reason is not None
        text = "".join(event.text for event in own)
        samples.append(Written(text, reason, sum(event.tokens for event in own)))
    return samples


def write(engine: Engine, prompt: str, n: int = 1, **sampling: Any) -> list[Written]:
    """Ask `engine` for `n` samples and wait for all of them."""
    return gather(engine.submit(Request(prompt, n, Sampling(**sampling))))
