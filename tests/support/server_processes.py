"""Servers as processes of their own, as pods run them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from support.commands import Command
from support.servers import ANYWHERE, until

ROOT = Path(__file__).parents[2]
LOADED = re.compile(r"loaded \S+ in ([\d.]+) s")


@dataclass
class ServerProcess:
    """A server that has started."""

    has_ended: Callable[[], bool]
    log: Path
    inference: str = ""

    @property
    def load_seconds(self) -> float:
        """The longest that a model took to be loaded."""
        return max(map(float, LOADED.findall(self.log.read_text())), default=0.0)

    def said(self, what: str) -> str | None:
        """What follows these words in the log."""
        match = re.search(re.escape(what) + r"(\S+)", self.log.read_text())
        return match[1].rstrip('",') if match else None

    def has_started(self) -> bool:
        assert not self.has_ended(), self.log.read_text()
        return bool(requests.get(f"{self.inference}/startupz", timeout=5).ok)


@contextmanager
def server_process(
    registry_uri: str, folder: Path, name: str, *words: str, variables: dict[str, str] | None = None
) -> Iterator[ServerProcess]:
    """A server of this registry, until the block ends; its log stays in `folder`."""
    log = folder / f"{name}.log"
    command = [sys.executable, "-m", *_words(registry_uri, folder, name, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment | (variables or {}), cwd=folder
        )
    try:
        yield _started(ServerProcess(lambda: process.poll() is not None, log))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()


@contextmanager
def forked_server(
    registry_uri: str, folder: Path, name: str, *words: str, variables: dict[str, str] | None = None
) -> Iterator[ServerProcess]:
    """The same, but forked from a process that has imported most of it."""
    command = Command(
        *_words(registry_uri, folder, name, words), folder=folder, variables=variables
    )
    try:
        yield _started(ServerProcess(lambda: command.has_ended, command.log))
    finally:
        ended = command.interrupt()
        assert ended.returncode == 0, ended.stderr


def _words(registry_uri: str, folder: Path, name: str, more: Sequence[str]) -> list[str]:
    words = ["components.serve", "--registry", registry_uri]
    for port in ("inference", "management", "metrics"):
        words += [f"--{port}-address", ANYWHERE]
    return [*words, "--cache-dir", str(folder / name), "--drain-delay", "0", *more]


def _started(server: ServerProcess) -> ServerProcess:
    server.inference = until(lambda: server.said("inference at "), "the address")
    until(server.has_started, "the start")
    return server
