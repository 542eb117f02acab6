"""The commands of charts/README.md, and a shell to type them into."""

import os
import queue
import re
import signal
import subprocess
import textwrap
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from support.kind.tools import ROOT

DOCUMENT = ROOT / "charts" / "README.md"
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def section(title: str) -> list[str]:
    """The commands in a section of the document, in order."""
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {title}\n")
    text, _, _ = rest.partition("\n## ")
    return [textwrap.dedent(block).strip() for block in BLOCK.findall(text)]


SETTINGS, *COMMANDS = section("From an empty cluster to a served persona")
(PIPELINES,) = section("The next version")


class Shell:
    """A bash that goes on from command to command, as the one of a reader does."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def run(self, command: str, *, seconds: float = 900.0) -> str:
        """What a command writes.

        Raises:
            AssertionError: it failed, or takes too long.
        """
        mark = f"done-{uuid.uuid4().hex}"
        assert self._bash.stdin is not None
        self._bash.stdin.write(f"{{ {command}\n}} < /dev/null\necho {mark} $?\n")
        self._bash.stdin.flush()
        said: list[str] = []
        end = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(end - time.monotonic(), 0.01))
            except queue.Empty:
                wrote = "".join(said)
                raise AssertionError(f"no end in {seconds:g} s: {command}\n{wrote}") from None
            before, found, code = line.partition(mark)
            said.append(before if found else line)
            if found:
                text = "".join(said)
                assert code.strip() == "0", f"exit code {code.strip()}: {command}\n{text}"
                return text

    def close(self) -> None:
        """End it, and what it left in the background."""
        with suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGTERM)
        for stream in (self._bash.stdin, self._bash.stdout):
            if stream is not None:
                stream.close()
        self._bash.wait(10)

    def _read(self) -> None:
        assert self._bash.stdout is not None
        for line in self._bash.stdout:
            self._lines.put(line)


@contextmanager
def a_shell(folder: Path, environment: Mapping[str, str]) -> Iterator[Shell]:
    shell = Shell(folder, environment)
    try:
        yield shell
    finally:
        shell.close()
