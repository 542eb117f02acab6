import gc
import inspect
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from support.environment import real_posts, skip_or_fail
from support.stores import store_servers, store_uri  # noqa: F401 - one server of a kind for all

GROUPS = (
    *("real_posts", "browser", "docker", "stores", "base_model"),
    *("transformers_4", "llama_cpp", "hub_1", "cuda"),
)
LONGEST_NAME = 16
"""Bytes that may stand in a test's name."""
TRAINING = Path(__file__).parent / "unit" / "train"


def _stack(context: int = 0) -> list[inspect.FrameInfo]:
    """As inspect's, but without files and lines of source, which take seconds to find here."""
    return [
        inspect.FrameInfo(frame, frame.f_code.co_filename, line, frame.f_code.co_name, None, None)
        for frame, line in traceback.walk_stack(sys._getframe(1))
    ]


inspect.stack = _stack  # kfp asks at every step who called it

settings.register_profile("untimed", deadline=None)  # a busy machine fails nothing
settings.load_profile("untimed")
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach for the network

if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):  # each computes with its own share
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(workers))))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first: else one process has it left when the others are done."""
    items.sort(key=lambda item: TRAINING not in item.path.parents)


def pytest_collection_finish() -> None:
    """Garbage is looked for among what the tests make, and not in all that they import."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A group that cannot run here says why before any fixture needs what is missing."""
    for group in GROUPS:
        if item.get_closest_marker(group):
            skip_or_fail(group)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Processes that share the tests agree on their names: packed bytes may hold the time."""
    return argname if isinstance(val, bytes) and len(val) > LONGEST_NAME else None


@pytest.fixture(autouse=True)
def _no_configuration_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a test sets may configure what it tests."""
    ours = [name for name in os.environ if name.startswith(("HUGGINGTWEETS_", "WANDB_"))]
    for name in set(ours) - {"HUGGINGTWEETS_TEST_DATA", "HUGGINGTWEETS_REQUIRE"}:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logging_stays_as_it_was() -> Iterator[None]:
    """A command sets up logging for its process; its test must not do so for those after it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture(scope="session")
def posts_folder() -> Path:
    """The folder of real posts; a test that uses it is marked `real_posts`."""
    skip_or_fail("real_posts")
    return real_posts()
