"""What every command of the registry says of a store that it cannot use, and how soon."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.commands import HUGGINGTWEETS, call
from support.faulty_proxy import Fault, faulty_proxy, silent
from support.impatience import give_up_soon
from support.stores import StoreServer

pytestmark = pytest.mark.stores

COMMANDS = (
    "init",
    "list",
    "show jane",
    "promote jane@1",
    "rollback jane --alias candidate",
    "verify",
    "verify jane",
    "gc",
    "gc --keep 1",
    "opt-out list",
    "opt-out add --handle jane",
    "opt-out remove --handle jane",
)
SECONDS = 60.0


@pytest.fixture(autouse=True, scope="module")
def imported() -> None:
    """The first command waits for what is imported before any is forked: no store's doing."""
    assert call(HUGGINGTWEETS, "--help").returncode == 0


@contextmanager
def closed() -> Iterator[str]:
    """Nobody listens there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield _url(unused)


@contextmanager
def vanishing() -> Iterator[str]:
    """Packets are dropped: Linux does so while a listener's queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield _url(listener)


@pytest.fixture(params=["s3", "gs"])
def server(
    request: pytest.FixtureRequest,
    store_servers: Callable[[str], StoreServer],
) -> StoreServer:
    return store_servers(request.param)


@pytest.mark.parametrize("before", [give_up_soon, pytest.param(None, marks=pytest.mark.long)])
def test_an_endpoint_that_cannot_be_reached_is_named(
    server: StoreServer, before: Callable[[], None] | None
) -> None:
    """All at once, since each waits for half a minute where it does not give up soon."""
    uri = f"{server.uri}/registry"

    def check(endpoint: str, commands: Sequence[str]) -> None:
        said = f"cannot reach {endpoint} for"
        _each_says(uri, server.environment(endpoint), said, commands, before)

    with closed() as one, silent() as two, vanishing() as three, ThreadPoolExecutor(3) as pool:
        few = ("list", "promote jane@1", "opt-out add --handle jane")
        list(pool.map(check, (one, two, three), (COMMANDS, few, few)))


def test_a_missing_bucket_is_named(server: StoreServer) -> None:
    uri = f"{server.scheme}://nobody-made-this/registry"
    _each_says(uri, server.environment(), "there is no bucket nobody-made-this at")


def test_a_wrong_key_is_said(server: StoreServer) -> None:
    """The stand-in for Google takes every key: a proxy answers as Google would."""
    uri = f"{server.uri}/registry"
    if server.scheme == "s3":
        environment = {**server.environment(), "AWS_SECRET_ACCESS_KEY": "wrong"}
        _each_says(uri, environment, f"{server.endpoint} refuses the credentials for {uri}")
        return
    with faulty_proxy(server.endpoint) as proxy:
        proxy.break_next(Fault.STATUS_401, 10_000)
        environment = server.environment(proxy.endpoint)
        _each_says(uri, environment, f"{proxy.endpoint} refuses the credentials for {uri}")


@pytest.mark.parametrize("name", ["missing.json", "damaged.json"])
def test_google_credentials_that_cannot_be_read_are_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "damaged.json").write_text("{}")
    environment = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / name)}
    _each_says("gs://models/registry", environment, "no credentials for gs://models/registry")


def _each_says(
    uri: str,
    environment: dict[str, str],
    sentence: str,
    commands: Sequence[str] = COMMANDS,
    before: Callable[[], None] | None = None,
) -> None:
    """Run the commands at once: most of the time they wait. `before` is called in each first."""

    def answers(command: str) -> tuple[str, float, subprocess.CompletedProcess[str]]:
        start = time.monotonic()
        words = ("registry", *command.split(), "--registry", uri)
        answer = call(HUGGINGTWEETS, *words, variables=environment, before=before)
        return command, time.monotonic() - start, answer

    with ThreadPoolExecutor(len(commands)) as pool:
        for command, seconds, answer in pool.map(answers, commands):
            assert answer.returncode == 2, (command, answer.stderr)
            assert answer.stdout == "", command
            *waiting, error = answer.stderr.splitlines()
            assert error.startswith("error: "), (command, answer.stderr)
            assert sentence in error, command
            assert len(waiting) <= 1, (command, answer.stderr)
            assert all("; trying again for up to " in line for line in waiting), command
            assert seconds < SECONDS, command


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"
