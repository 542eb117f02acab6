"""Servers as processes of their own, as pods run them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from support.servers import ANYWHERE, until

ROOT = Path(__file__).parents[2]
LOADED = re.compile(r"loaded \S+ in ([\d.]+) s")


@dataclass
class ServerProcess:
    """A server that has started."""

    process: subprocess.Popen[bytes]
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
        assert self.process.poll() is None, self.log.read_text()
        return bool(requests.get(f"{self.inference}/startupz", timeout=5).ok)


@contextmanager
def server_process(
    registry_uri: str, folder: Path, name: str, *words: str, variables: dict[str, str] | None = None
) -> Iterator[ServerProcess]:
    """A server of this registry, until the block ends; its log stays in `folder`."""
    log = folder / f"{name}.log"
    command = [sys.executable, "-m", "components.serve", "--registry", registry_uri]
    for port in ("inference", "management", "metrics"):
        command += [f"--{port}-address", ANYWHERE]
    command += ["--cache-dir", str(folder / name), "--drain-delay", "0", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment | (variables or {}), cwd=folder
        )
    server = ServerProcess(process, log)
    try:
        server.inference = until(lambda: server.said("inference at "), "the address")
        until(server.has_started, "the start")
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
