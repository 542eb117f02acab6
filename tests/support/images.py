"""The images that `make images` made, for the tests that run them."""

import os
import subprocess
from pathlib import Path

import pytest

from components.contracts.images import Images

ROOT = Path(__file__).parents[2]
FILE = ROOT / "build" / "images.json"


def built_images(*targets: str) -> Images:
    """What was built; skips the test, or fails it where Docker is required, if it was not."""
    reason = _why_missing(targets)
    if reason:
        required = os.environ.get("HUGGINGTWEETS_REQUIRE", "").replace(",", " ").split()
        (pytest.fail if "docker" in required else pytest.skip)(f"docker: {reason}")
    return Images.read(FILE)


def _why_missing(targets: tuple[str, ...]) -> str | None:
    if not FILE.is_file():
        return "there is no build/images.json; run `make images`"
    images = Images.read(FILE).images
    for target in targets:
        if target not in images:
            return f"build/images.json names no image {target}; run `make images`"
        command = ["docker", "image", "inspect", str(images[target].digest)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return f"the image {target} is gone; run `make images`"
    return None
