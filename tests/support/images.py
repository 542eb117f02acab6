"""The images that `make images` made, for the tests that run them."""

import subprocess
from pathlib import Path

from components.contracts.images import Images
from support.environment import give_up

ROOT = Path(__file__).parents[2]
FILE = ROOT / "build" / "images.json"


def built_images(*targets: str) -> Images:
    """What was built; skips the test, or fails it where Docker is required, if it was not."""
    if reason := _why_missing(targets):
        give_up("docker", reason)
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
