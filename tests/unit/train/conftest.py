from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from support.finished import make_prepare_report
from support.tiny_models import make_tiny_model

from components.contracts.base import write_rows
from components.contracts.posts import DatasetRow
from components.lm.models import LanguageModel, load_model
from components.runtime.processors import THREADS_VARIABLE
from components.train.data import Posts, read_posts

FRIENDS = ("the kettle", "my bicycle", "a small model", "the neighbours' cat", "rain")
DEEDS = ("sings", "has opinions about hills 🚲", "writes small posts", "signs for parcels", "stays")
TIMES = ("before breakfast", "again", "and nobody asks", "which is all we ask of it", "on the roof")


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Models as small as these only wait for a second thread, here and in what a test starts."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(THREADS_VARIABLE, "1")
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session", params=["gpt2", "llama"])
def base_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base") / request.param, request.param)


@pytest.fixture
def lm(base_model: Path) -> LanguageModel:
    return load_model(base_model)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A train-dataset of posts that can be learned: 80 to train on, 20 to validate."""
    folder = tmp_path_factory.mktemp("dataset")
    texts = [f"{who} {does} {when}" for when in TIMES for does in DEEDS for who in FRIENDS]
    rows = [
        DatasetRow(id=str(at), author="ann", created_at="2024-01-01T00:00:00Z", text=text)
        for at, text in enumerate(texts)
    ]
    for split, part in {"train": rows[:80], "validation": rows[80:100], "test": rows[100:]}.items():
        write_rows(folder / f"{split}.jsonl", part)
    make_prepare_report(["ann"]).write(folder / "prepare.json")
    return folder


@pytest.fixture
def posts(dataset: Path, lm: LanguageModel) -> Posts:
    return read_posts(dataset, "train", lm)
