"""Our commands in forked processes: each with its own words, folder, variables and output.

It can be killed, and ends as any other. What imports do themselves is tested where a command is
started anew, as people start it: by the README's commands and by the first run of the whole job.
"""

import atexit
import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path

from support.forks import FORKS

HUGGINGTWEETS = "pipelines.cli.command"
_READING = threading.Lock()
"""Held where multiprocessing may read that a process ended, which it can do once."""


class Command:
    """`python -m MODULE WORDS…`, started.

    `folder` is where it runs, `variables` are set beside those of this process, or beside those of
    `environment` where there is one, and `before` is called in the new process first.
    """

    def __init__(
        self,
        module: str,
        *words: str,
        folder: Path | None = None,
        variables: dict[str, str] | None = None,
        environment: Mapping[str, str] = os.environ,
        before: Callable[[], object] | None = None,
    ) -> None:
        self.words = [module, *map(str, words)]
        self._printed, self._said = (
            tempfile.NamedTemporaryFile("r")  # noqa: SIM115 - closed at the end
            for _ in range(2)
        )
        outputs = (self._printed.name, self._said.name)
        whole = {**environment, **(variables or {})}
        given = (self.words, folder or Path.cwd(), whole, outputs, before)
        with _READING:
            self._process = FORKS.Process(target=_run, args=given, daemon=True)
            self._process.start()

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    @property
    def exit_code(self) -> int | None:
        """None until it has ended; negative where a signal ended it."""
        with _READING:
            return self._process.exitcode

    @property
    def has_ended(self) -> bool:
        return self.exit_code is not None

    @property
    def log(self) -> Path:
        """What it writes to standard error, until its end."""
        return Path(self._said.name)

    @property
    def said(self) -> str:
        """What it has written to standard error so far."""
        return self.log.read_text()

    def wait_for(self, what: str) -> None:
        """Wait until it has said this, or has ended."""
        while what not in self.said and not self.has_ended:
            time.sleep(0.01)

    def kill(self) -> subprocess.CompletedProcess[str]:
        self._process.kill()
        return self.end()

    def interrupt(self) -> subprocess.CompletedProcess[str]:
        """Ask it to end, as Kubernetes does."""
        self._process.terminate()
        return self.end()

    def end(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end."""
        wait([self._process.sentinel])
        with _READING, self._printed, self._said:
            code = self._process.exitcode
            assert code is not None
            return subprocess.CompletedProcess(
                self.words, code, self._printed.read(), self._said.read()
            )


def call(
    module: str,
    *words: str,
    folder: Path | None = None,
    variables: dict[str, str] | None = None,
    before: Callable[[], object] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE WORDS…` to its end."""
    return Command(module, *words, folder=folder, variables=variables, before=before).end()


def _run(
    words: Sequence[str],
    folder: Path,
    environment: dict[str, str],
    outputs: tuple[str, str],
    before: Callable[[], object] | None,
) -> None:
    """What the new process does."""
    gc.freeze()  # what is imported already is no garbage
    for number, output in enumerate(outputs, 1):
        os.dup2(os.open(output, os.O_WRONLY | os.O_APPEND), number)
    multiprocessing.current_process().daemon = False  # it may start processes itself
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the process that forks ignores it
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = list(words)
    sys.modules.pop(words[0], None)  # it runs as if for the first time
    if before:
        before()
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
