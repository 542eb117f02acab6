from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_engine import FakeEngines
from support.servers import Running, publish, serving

from components.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "registry").mkdir()
    return Registry.open(str(tmp_path / "registry"))


@pytest.fixture(scope="module")
def engines() -> FakeEngines:
    return FakeEngines()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, engines: FakeEngines) -> Iterator[Running]:
    """One server for the tests of a file that change nothing: jane@1, and jane@2 beside it."""
    place = tmp_path_factory.mktemp("serving")
    registry = Registry.open(str(place / "registry"))
    publish(registry)
    publish(registry, alias="candidate")
    publish(registry, "john")
    with serving(registry, place / "cache", engines) as server:
        yield server
