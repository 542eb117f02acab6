"""Publishing from processes of their own, some of which are killed half-way."""

import itertools
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from components.contracts.people import People
from components.registry import Registry, opt_outs
from components.storage import Store, open_store
from support.forks import FORKS

CHANGING = ("put", "create", "swap", "delete", "copy", "upload")
FILES = {"README.md": "card of version {}", "model.bin": "weights", "deep/tokens.json": "{}"}


def write(version: int, folder: Path) -> None:
    """A small model whose card says its version."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("{}", str(version)))


class KillingStore:
    """A store whose process dies at the n-th call, counted from 0, that changes something."""

    def __init__(self, store: Store, die_at: int, *, after: bool) -> None:
        self._store, self._die_at, self._after = store, die_at, after
        self._calls = itertools.count()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        return partial(self._change, call) if name in CHANGING else call

    def _change(self, call: Callable[..., Any], *args: Any) -> Any:
        last = next(self._calls) == self._die_at
        if last and not self._after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def publish(uri: str) -> None:
    """Publish one version of jane."""
    Registry.open(uri).publish("jane", write, {})


def refuse_opted_out(
    uri: str,
    *,
    handles: Sequence[str] = (),
    account_ids: Sequence[str] = (),
    cache: Path | None = None,
) -> None:
    """Ask the registry's list for these people, as every stage does."""
    listed = opt_outs.read_opt_outs(uri, cache=cache)
    opt_outs.refuse_opted_out(listed, People(tuple(handles), tuple(account_ids)))


def promote(uri: str, version: int) -> None:
    """Move jane's production."""
    Registry.open(uri).move_alias("jane", "production", version)


def promote_and_die(uri: str, version: int, die_at: int, after: bool) -> None:
    """Move jane's production, but be killed at a change to the store."""
    store: Any = KillingStore(open_store(uri), die_at, after=after)
    Registry(store).move_alias("jane", "production", version)


def publish_and_die(
    uri: str, die_at: int, after: bool, job: str = "", persona: str = "jane"
) -> None:
    """Publish one version of a persona, but be killed at a change to the store."""
    store: Any = KillingStore(open_store(uri), die_at, after=after)
    Registry(store).publish(persona, write, {}, job=job)


def start(task: Callable[..., None], *args: Any) -> BaseProcess:
    """Run `task` in a process of its own, with this environment."""
    process = FORKS.Process(target=_with_environment, args=(dict(os.environ), task, args))
    process.start()
    return process


def run_all(tasks: Sequence[tuple[Callable[..., None], *tuple[Any, ...]]]) -> list[int | None]:
    """Run every task in a process of its own, all at once; return their exit codes."""
    started = [start(task, *args) for task, *args in tasks]
    for process in started:
        process.join()
    return [process.exitcode for process in started]


def _with_environment(
    environment: Mapping[str, str], task: Callable[..., None], args: Sequence[Any]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    task(*args)
