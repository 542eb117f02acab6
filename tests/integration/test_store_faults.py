"""What stores do when the network or the server misbehaves; a proxy in between breaks things."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.faulty_proxy import MARK, Fault, FaultyProxy, faulty_proxy
from support.impatience import give_up_soon
from support.registries import refuse_opted_out
from support.stores import StoreServer

from components.contracts.errors import BadInputError
from components.registry import Registry
from components.registry.opt_outs import add_opt_out
from components.storage import (
    ChecksumError,
    ConflictError,
    ObjectMissingError,
    StorageError,
    Store,
    open_store,
)
from components.storage.errors import TransientError

pytestmark = pytest.mark.stores

SMALL = MARK
LARGE = {"s3": (9 << 20) + 3, "gs": (17 << 20) + 3}
"""Bytes of a file that goes to S3 in two parts and comes from either in two ranges."""
DATA = 10_000
"""Bytes from which a request carries a large file's data."""


@pytest.fixture(params=["s3", "gs"])
def server(
    request: pytest.FixtureRequest,
    store_servers: Callable[[str], StoreServer],
) -> StoreServer:
    return store_servers(request.param)


@pytest.fixture
def proxy(server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    with faulty_proxy(server.endpoint) as proxy:
        for name, value in server.environment(proxy.endpoint).items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.fixture
def store(server: StoreServer, proxy: FaultyProxy, request: pytest.FixtureRequest) -> Store:
    return open_store(f"{server.uri}/{hashlib.sha256(request.node.name.encode()).hexdigest()}")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up soon, so that what fails every time fails in seconds."""
    give_up_soon(monkeypatch)


@pytest.fixture(scope="module")
def large_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("large")
    for scheme, size in LARGE.items():
        (folder / scheme).write_bytes(random.Random(1).randbytes(size))
    return {scheme: folder / scheme for scheme in LARGE}


@pytest.fixture
def large(server: StoreServer, large_files: dict[str, Path]) -> Path:
    return large_files[server.scheme]


PASSING = [
    Fault.CUT_UPLOAD,
    Fault.LOST_ANSWER,
    Fault.CHANGED_UPLOAD,
    Fault.STATUS_503,
    Fault.STATUS_429,
    Fault.SLOW,
]


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("times", [1, 3])
def test_an_upload_gets_through(
    store: Store, proxy: FaultyProxy, large: Path, tmp_path: Path, fault: Fault, times: int
) -> None:
    proxy.break_next(fault, times, size=DATA)
    store.upload(large, "file")
    # one slow request may be all there is
    assert 1 <= proxy.met <= times if fault is Fault.SLOW else proxy.met == times
    store.download("file", tmp_path / "came")
    assert (tmp_path / "came").read_bytes() == large.read_bytes()


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.STATUS_503])
def test_the_beginning_and_the_end_of_an_upload_get_through(
    store: Store, proxy: FaultyProxy, large: Path, tmp_path: Path, fault: Fault
) -> None:
    proxy.break_next(fault, 2, "POST")
    store.upload(large, "file")
    assert proxy.met == 2
    store.download("file", tmp_path / "came")
    assert (tmp_path / "came").read_bytes() == large.read_bytes()


@pytest.mark.parametrize(
    "fault",
    [
        Fault.CUT_DOWNLOAD,
        Fault.TRUNCATED,
        Fault.CHANGED_DOWNLOAD,
        Fault.STATUS_503,
        Fault.STATUS_429,
        Fault.SLOW,
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_a_download_gets_through(
    store: Store, proxy: FaultyProxy, large: Path, tmp_path: Path, fault: Fault, times: int
) -> None:
    store.upload(large, "file")
    proxy.break_next(fault, times, "GET", size=DATA)
    store.download("file", tmp_path / "came")
    # a slow answer may still come in time, and is then not asked for again
    assert 1 <= proxy.met <= times if fault is Fault.SLOW else proxy.met == times
    assert (tmp_path / "came").read_bytes() == large.read_bytes()


@pytest.mark.parametrize("fault", [Fault.CUT_UPLOAD, Fault.CHANGED_UPLOAD, Fault.STATUS_503])
@pytest.mark.usefixtures("impatient")
def test_an_upload_that_never_gets_through_leaves_nothing(
    store: Store, proxy: FaultyProxy, large: Path, fault: Fault
) -> None:
    proxy.break_next(fault, 10_000, size=DATA)
    with pytest.raises(TransientError):
        store.upload(large, "file")
    proxy.break_next(fault, 0)
    assert list(store.list()) == []
    assert store.sweep(time.time() + 60) == []  # nor anything that nobody sees


@pytest.mark.usefixtures("impatient")
def test_bytes_that_are_wrong_every_time_are_refused(
    store: Store, proxy: FaultyProxy, large: Path, tmp_path: Path
) -> None:
    store.upload(large, "file")
    proxy.break_next(Fault.CHANGED_DOWNLOAD, 10_000, "GET", size=DATA)
    with pytest.raises(ChecksumError, match="file in .* other bytes"):
        store.download("file", tmp_path / "came")


@pytest.mark.parametrize("fault", [fault for fault in PASSING if fault is not Fault.SLOW])
def test_small_writes_happen_once(store: Store, proxy: FaultyProxy, fault: Fault) -> None:
    proxy.break_next(fault, 2, size=len(SMALL))
    first = store.create("key", SMALL)
    assert proxy.met == 2
    with pytest.raises(ConflictError):
        store.create("key", SMALL + b"!")
    proxy.break_next(fault, 2, size=len(SMALL))
    store.swap("key", SMALL + b"!", first)
    with pytest.raises(ConflictError):
        store.swap("key", SMALL + b"?", first)
    assert store.get("key").data == SMALL + b"!"


@pytest.mark.parametrize(
    "fault", [Fault.CUT_DOWNLOAD, Fault.TRUNCATED, Fault.CHANGED_DOWNLOAD, Fault.STATUS_503]
)
def test_small_reads_are_right(store: Store, proxy: FaultyProxy, fault: Fault) -> None:
    store.put("key", SMALL)
    proxy.break_next(fault, 2, "GET", size=len(SMALL))
    assert store.get("key").data == SMALL
    assert proxy.met == 2


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [(Fault.STATUS_403, "do not permit"), (Fault.STATUS_401, "refuses the credentials")],
)
def test_what_is_not_permitted_is_said_at_once(
    store: Store, proxy: FaultyProxy, fault: Fault, sentence: str
) -> None:
    proxy.break_next(fault, 10_000)
    for act in (
        lambda: store.get("key"),
        lambda: store.put("key", b""),
        lambda: list(store.list()),
        lambda: store.stat("key"),
    ):
        before = proxy.met
        with pytest.raises(StorageError, match=sentence) as caught:
            act()
        assert store.uri in str(caught.value)
        assert not isinstance(caught.value, TransientError | ObjectMissingError)
        assert proxy.met - before <= 2


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.CUT_UPLOAD, Fault.STATUS_503])
def test_a_registry_keeps_its_promises_on_a_bad_line(
    store: Store, proxy: FaultyProxy, fault: Fault
) -> None:
    registry = Registry(store)

    def write(version: int, folder: Path) -> None:
        (folder / "card").write_text(f"version {version}")

    for number in (1, 2, 3):
        proxy.break_next(fault, 3)
        assert registry.publish("jane", write, {}).version == number
        proxy.break_next(fault, 2)
        moved = registry.move_alias("jane", "production", number)
        assert [move.version for move in moved.history] == list(range(1, number + 1))
    proxy.break_next(fault, 0)
    assert registry.versions("jane") == [1, 2, 3]
    assert registry.verify() == []
    alias = registry.alias("jane", "production")
    assert alias is not None
    assert [move.version for move in alias.history] == [1, 2, 3]


def test_a_missing_bucket_is_named(server: StoreServer, proxy: FaultyProxy) -> None:
    store = open_store(f"{server.scheme}://nobody-made-this/x")
    for act in (
        lambda: store.get("key"),
        lambda: store.put("key", b""),
        lambda: store.create("key", b""),
        lambda: list(store.list()),
        lambda: store.stat("key"),
        lambda: store.delete("key"),
    ):
        with pytest.raises(StorageError, match="no bucket nobody-made-this") as caught:
            act()
        assert not isinstance(caught.value, ObjectMissingError)


@pytest.mark.usefixtures("impatient")
def test_a_dead_endpoint_is_named(server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TransientError, match=r"cannot reach http://127\.0\.0\.1:9"):
        open_store(server.uri).get("key")


@pytest.mark.usefixtures("impatient")
def test_an_endpoint_that_says_nothing_is_named(store: Store, proxy: FaultyProxy) -> None:
    proxy.break_next(Fault.SILENT, 10_000)
    start = time.monotonic()
    with pytest.raises(TransientError, match="cannot reach"):
        store.get("key")
    assert time.monotonic() - start < 15


@pytest.mark.usefixtures("impatient")
def test_opt_outs_that_cannot_be_read_let_nobody_pass(
    server: StoreServer, store: Store, proxy: FaultyProxy, tmp_path: Path
) -> None:
    refuse_opted_out(store.uri, handles=["jane"])
    with pytest.raises(BadInputError, match="no bucket nobody-made-this"):
        refuse_opted_out(f"{server.scheme}://nobody-made-this/x", handles=["jane"])
    add_opt_out(store.uri, handle="jane")
    refuse_opted_out(store.uri, handles=["bob"], cache=tmp_path / "copy.json")
    for fault in (Fault.STATUS_403, Fault.STATUS_503, Fault.SILENT):
        proxy.break_next(fault, 10_000)
        with pytest.raises(BadInputError, match="cannot read who opted out"):
            refuse_opted_out(store.uri, handles=["bob"])
        refuse_opted_out(store.uri, handles=["bob"], cache=tmp_path / "copy.json")
        with pytest.raises(BadInputError, match="@jane opted out"):
            refuse_opted_out(store.uri, handles=["jane"], cache=tmp_path / "copy.json")


@pytest.mark.parametrize(
    ("key", "secret", "sentence"),
    [
        ("stranger", "none", "refuses the credentials"),
        ("owner", "wrong", "refuses the credentials"),
        ("reader", "reader-secret", "do not permit"),
    ],
)
def test_s3_keys_that_may_not_write_are_told_so(
    store_servers: Callable[[str], StoreServer],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    secret: str,
    sentence: str,
) -> None:
    server = store_servers("s3")
    environment = {**server.environment(key=key), "AWS_SECRET_ACCESS_KEY": secret}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageError, match=sentence) as caught:
        open_store(server.uri).put("key", b"")
    assert server.uri in str(caught.value)
