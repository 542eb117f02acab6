"""What `helm test` runs in its pod, run here."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_engine import FakeEngines
from support.helm import of_kind, render
from support.late_port import free_port, late_port
from support.servers import Running, publish, serving

from components.registry import Registry


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "registry").mkdir()
    registry = Registry.open(str(tmp_path / "registry"))
    publish(registry)
    with serving(registry, tmp_path / "cache", FakeEngines()) as server:
        yield server


def helm_test(port: int, **more: str) -> "subprocess.CompletedProcess[str]":
    """The pod's own command line, asking a server at this port."""
    pod = of_kind(render("huggingtweets-serving"), "Pod")
    [container] = pod["spec"]["containers"]
    python, *words = [*container["command"], *container["args"]]
    assert python == "python"
    environment = {"PATH": os.environ["PATH"], "BASE": f"http://127.0.0.1:{port}", **more}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def port_of(running: Running) -> int:
    return int(running.inference.rpartition(":")[2])


def test_it_shows_a_post(running: Running) -> None:
    done = helm_test(port_of(running))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("My dream is")


def test_a_pod_that_is_refused_at_first_asks_again(running: Running) -> None:
    with late_port(port_of(running), 2.5) as port:
        done = helm_test(port)
    assert done.returncode == 0, done.stderr
    assert "Connection refused" in done.stdout
    assert "My dream is" in done.stdout


def test_whoever_is_never_let_in_is_told_so() -> None:
    begun = time.monotonic()
    done = helm_test(free_port(), WAIT_SECONDS="1.5")
    assert 1.5 <= time.monotonic() - begun < 20
    assert done.returncode == 1
    assert "cannot be reached: " in done.stderr
    assert "Traceback" not in done.stderr


def test_an_answer_is_final(running: Running) -> None:
    begun = time.monotonic()
    done = helm_test(port_of(running), PERSONA="nobody")
    assert done.returncode == 1
    assert "/predictions/nobody answers 404" in done.stderr
    assert time.monotonic() - begun < 20
