from collections.abc import Iterator
from pathlib import Path

import pytest
from support.deploying import Namespace
from support.kubernetes_api import KubernetesApi, kubernetes_api
from support.servers import publish

from components.registry import Registry


@pytest.fixture
def api() -> Iterator[KubernetesApi]:
    with kubernetes_api() as server:
        yield server


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "registry").mkdir()
    return Registry.open(str(tmp_path / "registry"))


@pytest.fixture
def namespace(api: KubernetesApi, registry: Registry, tmp_path: Path) -> Iterator[Namespace]:
    """Version 1 of jane is in production, version 2 published, and no pod there yet."""
    publish(registry)
    publish(registry, alias=None)
    there = Namespace(api, registry, tmp_path)
    yield there
    there.close()
