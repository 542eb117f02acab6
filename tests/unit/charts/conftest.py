from collections.abc import Iterator
from pathlib import Path

import pytest
from support.helm_api import HelmApi, helm_api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[HelmApi]:
    with helm_api(tmp_path) as server:
        yield server
