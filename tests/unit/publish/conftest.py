from pathlib import Path

import pytest
from support.finished import Folders, make_finished
from support.tiny_models import make_tiny_model


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "weights")


@pytest.fixture(scope="session")
def folders(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return make_finished(tmp_path_factory.mktemp("one"), weights, display_names=["Rosa Thorn"])


@pytest.fixture(scope="session")
def mixed(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Folders:
    place = tmp_path_factory.mktemp("two")
    return make_finished(place, weights, ["gardener", "baker_2"], ["Rosa Thorn"])
