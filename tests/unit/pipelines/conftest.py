from collections.abc import Iterator
from pathlib import Path

import pytest
from support.kfp_server import KfpServer, kfp_server

from components.contracts.images import Image, Images


@pytest.fixture
def kfp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[KfpServer]:
    """A Kubeflow host; the settings of whoever runs the tests stay out of it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pipelines.kubeflow.following.SECONDS_BETWEEN", 0.0)
    with kfp_server() as server:
        yield server


@pytest.fixture
def images(tmp_path: Path) -> Path:
    file = tmp_path / "images.json"
    made = {
        name: Image(name=f"registry.test/{name}", tag="1", digest=f"sha256:{number:064x}")
        for number, name in enumerate(("cpu", "train", "serve"))
    }
    Images(images=made).write(file)
    return file
