import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from support.tiny_models import make_tiny_model

from components.lm.engine.load import load_engine
from components.lm.engine.protocol import Engine, EngineSettings

OpenEngine = Callable[..., Engine]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Models whose greedy text does not repeat its last token: their layers have much to say."""
    root = tmp_path_factory.mktemp("served")

    def make(family: str) -> Path:
        folder = root / family
        if not folder.exists():
            make_tiny_model(folder, family)  # type: ignore[arg-type]
            weights = load_file(folder / "model.safetensors")
            for name, weight in weights.items():
                if weight.ndim == 2 and re.search(r"\.\d\.", name):
                    weight *= 20
            save_file(weights, folder / "model.safetensors", {"format": "pt"})
        return folder

    return make


@pytest.fixture(params=["gpt2", "llama"])
def folder(request: pytest.FixtureRequest, tiny: Callable[[str], Path]) -> Path:
    return tiny(request.param)


@pytest.fixture
def open_engine(folder: Path) -> Iterator[OpenEngine]:
    """Open engines in fp32; all are closed in the end."""
    opened: list[Engine] = []

    def load(**settings: object) -> Engine:
        opened.append(load_engine(folder, EngineSettings(**{"dtype": "fp32", **settings})))  # type: ignore[arg-type]
        return opened[-1]

    yield load
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(open_engine: OpenEngine) -> Engine:
    return open_engine()
