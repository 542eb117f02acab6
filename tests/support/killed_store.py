"""A real SeaweedFS that is killed at work and started again over what it left."""

import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from support.processes import running
from support.stores import StoreServer, has_s3_bucket, seaweedfs_command

LONG = {"upload": 0.05, "copy": 0.05}
"""Seconds into a long call at which the store dies; before a short one it is dead already."""
AWAY = 3.0
"""Seconds until it is started again."""


class KilledStore:
    """The server; `endpoint` stays the same from start to start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server: StoreServer
        self.server, self._command = seaweedfs_command(folder)
        self.kills = 0
        self._running = ExitStack()
        self._process = 0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def die(self) -> None:
        """Kill it without a warning."""
        os.kill(self._process, signal.SIGKILL)
        self._running.close()
        self.kills += 1
        threading.Thread(target=self._come_back).start()

    def _come_back(self) -> None:
        time.sleep(AWAY)
        self._start()

    def _start(self) -> None:
        self._process = self._running.enter_context(
            running(self._command, self._folder, lambda: has_s3_bucket(self.server))
        )


class KilledAt:
    """A store whose server is killed by the first call of each of these methods."""

    def __init__(self, store: object, killed: KilledStore, *methods: str) -> None:
        self._store, self._killed, self._methods = store, killed, list(methods)

    def __getattr__(self, name: str) -> Any:
        if name in self._methods:
            self._methods.remove(name)
            if name in LONG:
                threading.Timer(LONG[name], self._killed.die).start()
            else:
                self._killed.die()
        return getattr(self._store, name)
