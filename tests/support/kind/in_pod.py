"""What a pod of a test does, and says of it: one of the functions below, by its name.

It runs by itself in the pod: it knows nothing but the standard library. A new pod is refused for
a moment by NetworkPolicies that let it in, so each begins by waiting until it gets a connection.
"""

import json
import os
import socket
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PLACE = Path(os.environ.get("PLACE", "/tmp"))
WAIT = float(os.environ.get("WAIT", "60"))
BEGUN = time.time()
IN_A_ROW = 10
"""Connections that must come about before a load is counted: there may be several pods behind."""


def say(*words: object) -> None:
    print(f"{time.time() - BEGUN:7.2f}", *words, flush=True)


def is_let_in(host: str, port: int, in_a_row: int = 1) -> bool:
    """Whether there was a connection, or several in a row, within `WAIT` seconds."""
    made = 0
    while made < in_a_row:
        try:
            socket.create_connection((host, port), 5).close()
            made += 1
        except OSError as error:
            say(f"{host}:{port}:", error)
            if time.time() - BEGUN >= WAIT:
                return False
            made = 0
            time.sleep(0.5)
    say(f"{host}:{port}: connected")
    return True


def connect(host: str, port: str) -> None:
    """Say `open` or `closed`."""
    print("open" if is_let_in(host, int(port)) else "closed")


def listen(port: str) -> None:
    """Accept connections, and say from whom."""
    with socket.create_server(("", int(port))) as server:
        while True:
            connection, peer = server.accept()
            connection.close()
            say("from", peer)


def ask(url: str, body: str) -> None:
    """Ask once, and say the answer."""
    print(answer_of(url, body.encode(), in_a_row=1)[1].decode())


def answer_of(url: str, body: bytes, in_a_row: int = 0) -> tuple[str | None, bytes]:
    """The version that answers, and its answer."""
    place = urlsplit(url)
    is_let_in(place.hostname or "", place.port or 80, in_a_row)
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["x-model-version"], answer.read()


class Load:
    """Asks for posts all the time, until there is a file `stop`; then says how it went."""

    def __init__(self, url: str, pause: float) -> None:
        self.url, self.pause = url, pause
        self.lock = threading.Lock()
        self.asked = 0
        self.failed: list[tuple[float, str]] = []
        self.versions: dict[str, dict[str, float]] = {}

    def ask(self) -> None:
        body = json.dumps({"prompt": "", "max_tokens": 8}).encode()
        while not (PLACE / "stop").exists():
            try:
                version, _ = answer_of(self.url, body)
            except Exception as error:
                self.note(problem=repr(error))
            else:
                self.note(str(version))
                (PLACE / "begun").touch()
            time.sleep(self.pause)

    def note(self, version: str = "", problem: str = "") -> None:
        now = round(time.time() - BEGUN, 2)
        with self.lock:
            self.asked += 1
            if problem:
                say(problem)
                self.failed.append((now, problem))
                return
            if version not in self.versions:
                say("first answer of version", version)
            seen = self.versions.setdefault(version, {"count": 0, "first": now})
            seen["count"] += 1
            seen["last"] = now


def load(url: str, askers: str, pause: str) -> None:
    """Ask with several at a time; the last line is a JSON object of what came of it."""
    place, one = urlsplit(url), Load(url, float(pause))
    is_let_in(place.hostname or "", place.port or 80, IN_A_ROW)
    threads = [threading.Thread(target=one.ask) for _ in range(int(askers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said: dict[str, Any] = {"asked": one.asked, "failed": one.failed, "versions": one.versions}
    print(json.dumps(said | {"seconds": round(time.time() - BEGUN, 2)}))


if __name__ == "__main__":
    {"connect": connect, "listen": listen, "ask": ask, "load": load}[sys.argv[1]](*sys.argv[2:])
