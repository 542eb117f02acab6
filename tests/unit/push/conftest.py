from pathlib import Path

import pytest
from support.hub_client import hub  # noqa: F401 - a fixture
from support.hub_server import HubServer
from support.pushed_versions import Push, publish_version

from components.contracts.pushing import PushReport
from components.push.config import PushConfig
from components.push.stage import run


@pytest.fixture
def registry(tmp_path: Path) -> str:
    """A registry with one version of jane."""
    place = str(tmp_path / "registry")
    publish_version(place)
    return place


@pytest.fixture
def push(hub: HubServer, registry: str) -> Push:  # noqa: F811
    """Push jane to jane/bot; what is said otherwise wins."""

    def push(**more: object) -> PushReport:
        options = {name: more.pop(name) for name in PushConfig.model_fields if name in more}
        words = {"registry": registry, "name": "jane", "to": "jane/bot", **more}
        return run(PushConfig(**options), **words)  # type: ignore[arg-type]

    return push
