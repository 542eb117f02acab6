from pathlib import Path

import pytest

from components.registry import Registry


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the registry's files stand."""
    return tmp_path / "registry"


@pytest.fixture
def registry(place: Path) -> Registry:
    return Registry.open(str(place))
