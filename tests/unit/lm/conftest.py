from collections.abc import Callable
from pathlib import Path

import pytest
from support.tiny_models import make_tiny_model

from components.lm.models import LanguageModel, load_model


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root = tmp_path_factory.mktemp("models")
    return lambda family: (
        root / family if (root / family).exists() else make_tiny_model(root / family, family)  # type: ignore[arg-type]
    )


@pytest.fixture(params=["gpt2", "llama"])
def lm(request: pytest.FixtureRequest, model_folder: Callable[[str], Path]) -> LanguageModel:
    return load_model(model_folder(request.param))
