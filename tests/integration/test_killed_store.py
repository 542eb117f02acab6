"""A publish goes on while its store is killed in the middle, and the registry ends whole."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.killed_store import KilledAt, KilledStore

from components.registry import Registry
from components.runtime.patience import waiting_for_stores
from components.storage import open_store, retry

pytestmark = pytest.mark.stores

MEGABYTES = 40
"""Of the model: more than goes over before the store dies."""


@pytest.fixture
def killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KilledStore]:
    """Without waiting for it, a call gives up before the store is back."""
    monkeypatch.setattr(retry, "DEADLINE", 0.2)
    monkeypatch.setattr(retry, "LONGEST_PAUSE", 0.5)
    folder = tmp_path / "store"
    folder.mkdir()
    with KilledStore(folder) as killed:
        for name, value in killed.server.environment().items():
            monkeypatch.setenv(name, value)
        yield killed


@pytest.mark.parametrize("moments", [("upload", "copy"), ("create", "delete")])
def test_a_publish_whose_store_is_killed_twice_makes_one_whole_version(
    killed: KilledStore, moments: tuple[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = random.Random(1).randbytes(MEGABYTES * 1_000_000)

    def write(version: int, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(model)
        (folder / "README.md").write_text("card")

    uri = f"{killed.server.uri}/registry"
    store: Any = KilledAt(Registry.open(uri).begin().store, killed, *moments)
    with waiting_for_stores({"HUGGINGTWEETS_STORE_WAIT": "60"}):
        published = Registry(store).publish("jane", write, {})
    assert killed.kills == 2
    assert "trying again for up to" in caplog.text
    registry = Registry(open_store(uri))
    assert registry.versions("jane") == [published.version] == [1]
    assert registry.verify() == []
    registry.download("jane", 1, tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == model
    registry.gc(older_than=-1)  # a killed store may keep the parts of a copy that broke off
    assert registry.gc(older_than=-1) == []
    assert registry.verify() == []
