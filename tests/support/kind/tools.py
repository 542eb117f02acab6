"""What the tests in a cluster need: programs, a cluster, images."""

import os
import shutil
import subprocess
from pathlib import Path

from components.contracts.images import Images

ROOT = Path(__file__).parents[3]
BUILD = ROOT / "build" / "kind"
GIVEN = os.environ.get("KUBECONFIG", "")
"""The cluster to use; without one, one is made."""
KEEP = bool(os.environ.get("HUGGINGTWEETS_KEEP_CLUSTER"))
TARGETS = ("cpu", "train", "serve", "store")
IMAGE_VARIABLES = {target: f"HUGGINGTWEETS_IMAGE_{target.upper()}" for target in TARGETS}
NAMED = {target: os.environ.get(name, "") for target, name in IMAGE_VARIABLES.items()}
KUBEFLOW = os.environ.get("KF_PIPELINES_ENDPOINT", "")


def why_missing() -> str | None:
    """Why there can be no test in a cluster here; None where there can."""
    wanted = ("kubectl", "helm") if GIVEN else ("docker", "kind", "kubectl", "helm")
    missing = [name for name in wanted if not shutil.which(name)]
    if missing:
        return (
            "the tests in a cluster need docker, kind, kubectl and helm (with KUBECONFIG, kubectl "
            f"and helm alone); not on the PATH: {', '.join(missing)}"
        )
    if GIVEN:
        unnamed = [IMAGE_VARIABLES[target] for target in TARGETS if not NAMED[target]]
        return f"with KUBECONFIG, name the images: {', '.join(unnamed)}" if unnamed else None
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return "no Docker engine answers"
    try:
        images()
    except FileNotFoundError:
        return "there are no images; run `make images`"
    except KeyError as error:
        return f"build/images.json names no image {error.args[0]}; run `make images`"
    return None


def images() -> dict[str, str]:
    """Each image's reference, with a tag or a digest: those named, else those that were built.

    Raises:
        FileNotFoundError: none were built.
        KeyError: one was not.
    """
    found = {target: name for target, name in NAMED.items() if name}
    if len(found) < len(TARGETS):
        file = ROOT / "build" / "images.json"
        if not file.is_file():
            raise FileNotFoundError(file)
        built = Images.read(file).images
        found = {target: built[target].by_tag() for target in TARGETS} | found
    return {target: with_tag(name) for target, name in found.items()}


def with_tag(reference: str) -> str:
    """The reference, `:latest` added where it has neither tag nor digest."""
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def parted(reference: str) -> tuple[str, str]:
    """A reference as the charts take it: what stands before the last colon, and after it."""
    repository, _, tag = reference.rpartition(":")
    return repository, tag
